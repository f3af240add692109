import * as pulumi from "@pulumi/pulumi";
import type { FdwStubDevDatabaseArgs } from "./args";
import { readConfiguration } from "./config";
import { isRehearsed, withOwnStubs } from "./derive";
import { printable } from "./explained";
import { projectDirectory } from "./project";

/**
 * The stack's configuration as arguments of the component.
 *
 * @throws an error that Pulumi prints as its message alone.
 */
export function argsFromConfiguration(): FdwStubDevDatabaseArgs {
    try {
        const read = readConfiguration(pulumi.runtime.allConfig(), pulumi.getProject());
        const { upstreams, ...rest } = isRehearsed(read) ? read : withOwnStubs(read, projectDirectory());
        return {
            ...rest,
            upstreams: upstreams.map(({ ddl, seed, ...upstream }) => ({
                ...upstream,
                seed: seed.map((file) => (typeof file === "string" ? file : file.origin)),
                ...(ddl === undefined
                    ? {}
                    : { ddl: typeof ddl === "string" ? ddl : ddl.map(({ sql }) => sql).join("\n") }),
            })),
        };
    } catch (error) {
        throw printable(error);
    }
}
