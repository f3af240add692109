import { existsSync } from "node:fs";
import { FORMATS, formatInference, inferUpstreams, type Tool } from "../schema";
import { InputError } from "../upstreams/errors";

const TOOLS: readonly Tool[] = [
    "atlas",
    "golang-migrate",
    "flyway",
    "goose",
    "dbmate",
    "sqitch",
    "liquibase",
    "rails",
    "pg_dump",
    "plain",
];

function choose<T extends string>(what: string, value: string, known: readonly T[]): T {
    const found = known.find((one) => one === value);
    if (found === undefined) {
        throw new InputError(`${what} ${JSON.stringify(value)} is unknown; known are ${known.join(", ")}.`);
    }
    return found;
}

function variables(given: readonly string[]): Record<string, string> {
    return Object.fromEntries(
        given.map((one): [string, string] => {
            const at = one.indexOf("=");
            if (at < 1) {
                throw new InputError(`--var ${JSON.stringify(one)} is no assignment; write it as NAME=VALUE.`);
            }
            return [one.slice(0, at), one.slice(at + 1)];
        }),
    );
}

/**
 * Shows what a schema expects of its upstreams.
 *
 * @returns the exit status: 1 where something that matters is not known.
 * @throws InputError for paths that do not exist and for unknown options.
 */
export async function infer(
    paths: readonly string[],
    options: { format: string; var?: readonly string[]; tool?: string },
    print: (text: string) => void,
): Promise<number> {
    const format = choose("--format", options.format, FORMATS);
    const missing = paths.filter((path) => !existsSync(path));
    if (missing.length > 0) {
        throw new InputError(`${missing.join(", ")} does not exist. Name SQL files, folders of migrations, or dumps.`);
    }
    const inference = await inferUpstreams({
        paths,
        variables: variables(options.var ?? []),
        ...(options.tool === undefined ? {} : { tool: choose("--tool", options.tool, TOOLS) }),
    });
    print(formatInference(inference, format).trimEnd());
    return inference.findings.some((finding) => finding.severity === "error") ? 1 : 0;
}
