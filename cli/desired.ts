/** The desired schema of `fdw-stub run --desired`: from paths to statements. */

import { existsSync } from "node:fs";
import { readConfiguration } from "../components/config";
import { asFindings, databaseStatements } from "../schema";
import { readProjectStack } from "../standalone/project";
import { InputError } from "../upstreams/errors";
import type { Ddl } from "../upstreams/model";
import type { GlobalOptions } from "./context";
import { findProjectDirectory } from "./project";
import { parseVariables } from "./variables";

/**
 * The values of placeholders: those of the stack's configuration, and those given, which win.
 *
 * @param paths The files and folders that they are for.
 * @param tell Takes the reason why the configuration's are not known.
 */
export function variablesOf(
    options: GlobalOptions,
    paths: readonly string[],
    given: readonly string[],
    tell: (text: string) => void,
): Record<string, string> {
    const own = parseVariables(given);
    try {
        // The paths stand for the schema, as with `up --schema`: such a stack may have no file of its own.
        const { identity, configuration } = readProjectStack(findProjectDirectory(options.cwd), options.stack, {
            schema: paths,
        });
        return { ...readConfiguration(configuration, identity.project).variables, ...own };
    } catch (error) {
        if (!(error instanceof InputError)) {
            throw error;
        }
        tell(`Placeholders have only the values that --var gives: ${error.message}`);
        return own;
    }
}

/**
 * The statements of the desired schema.
 *
 * @throws InputError for paths that do not exist, and for everything that cannot be read: a plan for a part of a schema
 * would drop the rest.
 */
export async function readDesired(
    paths: readonly string[],
    variables: Readonly<Record<string, string>>,
): Promise<Ddl[]> {
    const missing = paths.filter((path) => !existsSync(path));
    if (missing.length > 0) {
        throw new InputError(
            `--desired: ${missing.join(", ")} does not exist. Name the SQL files or folders of the desired schema.`,
        );
    }
    const { statements, findings } = await databaseStatements(paths, variables);
    const serious = findings.filter(({ severity }) => severity !== "note");
    if (serious.length > 0) {
        throw new InputError(
            `--desired: the schema cannot be read whole, and a plan for a part of it would drop the rest.\n${asFindings(serious)}`,
        );
    }
    if (statements.length === 0) {
        throw new InputError(
            `--desired: there is no statement in ${paths.join(", ")}, and a plan for an empty schema would drop everything.`,
        );
    }
    return statements.map(({ file, line, sql }) => ({ origin: file, line, sql }));
}
