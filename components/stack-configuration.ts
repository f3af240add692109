import * as pulumi from "@pulumi/pulumi";
import type { FdwStubDevDatabaseArgs } from "./args";
import { readConfiguration } from "./config";
import { printable } from "./explained";

/**
 * The stack's configuration as arguments of the component.
 *
 * @throws an error that Pulumi prints as its message alone.
 */
export function argsFromConfiguration(): FdwStubDevDatabaseArgs {
    try {
        const { upstreams, ...rest } = readConfiguration(pulumi.runtime.allConfig(), pulumi.getProject());
        return {
            ...rest,
            upstreams: upstreams.map(({ ddl, ...upstream }) => ({
                ...upstream,
                ...(ddl === undefined
                    ? {}
                    : { ddl: typeof ddl === "string" ? ddl : ddl.map(({ sql }) => sql).join("\n") }),
            })),
        };
    } catch (error) {
        throw printable(error);
    }
}
