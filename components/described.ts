import type * as pulumi from "@pulumi/pulumi";
import type { FdwStubDevDatabaseArgs } from "./args";
import type { Resolved } from "./resolve";

/** What an upstream is to hold, in the form in which a change of it reads best. */
export interface DescribedUpstream {
    readonly users: readonly string[];
    readonly extensions: readonly string[];
    /** SQL texts, and files of them. */
    readonly ddl: readonly string[];
    /** Options of the schema's connections. */
    readonly connections?: readonly Readonly<Record<string, string>>[];
    /** Types by column, by `schema.table`. */
    readonly tables: Readonly<Record<string, Readonly<Record<string, string>>>>;
    /** Rows to seed, where there are any, by `schema.table`. */
    readonly rows: Readonly<Record<string, number>>;
    /** Files of rows, where there are any. */
    readonly seed?: readonly string[];
}

/** An upstream as it may be given: without what a default stands for. */
export interface Describable {
    readonly host?: string;
    readonly port?: number;
    readonly database: string;
    readonly users: readonly string[];
    readonly extensions?: readonly string[];
    readonly ddl?: string | ReadonlyArray<{ readonly sql: string }>;
    readonly ddlFiles?: readonly string[];
    readonly connections?: readonly Readonly<Record<string, string>>[];
    readonly tables?: ReadonlyArray<{
        readonly schema?: string;
        readonly name: string;
        readonly columns?: ReadonlyArray<{ readonly name: string; readonly type: string }>;
        readonly rows?: readonly unknown[];
    }>;
    readonly seed?: ReadonlyArray<string | { readonly origin: string }>;
}

function texts({ ddl = [], ddlFiles = [] }: Describable): string[] {
    return [...ddlFiles, ...(typeof ddl === "string" ? [ddl] : ddl.map(({ sql }) => sql))];
}

/** Upstreams by `host:port/database`. */
export function describeUpstreams(upstreams: readonly Describable[]): Record<string, DescribedUpstream> {
    return Object.fromEntries(
        upstreams.map((upstream) => {
            const { host = "localhost", port = 5432, database, users, extensions = [], tables = [] } = upstream;
            const { connections = [], seed = [] } = upstream;
            const named = tables.map(({ schema = "public", name, ...table }) => ({
                ...table,
                key: `${schema}.${name}`,
            }));
            const described: DescribedUpstream = {
                users,
                extensions,
                ddl: texts(upstream),
                ...(connections.length === 0 ? {} : { connections }),
                tables: Object.fromEntries(
                    named.map(({ key, columns = [] }) => [
                        key,
                        Object.fromEntries(columns.map(({ name, type }) => [name, type])),
                    ]),
                ),
                rows: Object.fromEntries(
                    named.flatMap(({ key, rows = [] }) => (rows.length === 0 ? [] : [[key, rows.length]])),
                ),
                ...(seed.length === 0
                    ? {}
                    : { seed: seed.map((file) => (typeof file === "string" ? file : file.origin)) }),
            };
            return [`${host}:${port}/${database}`, described];
        }),
    );
}

/**
 * The component's own inputs. Nothing is made of them: they are what `pulumi preview` compares, so that a changed schema
 * shows as the tables and columns that changed. Passwords are left out, and so are the values of variables.
 */
export function describeArgs(args: FdwStubDevDatabaseArgs, resolved: pulumi.Output<Resolved>): pulumi.Inputs {
    const { variables, ...rest } = args;
    return {
        ...rest,
        ...(variables === undefined ? {} : { variables: Object.keys(variables) }),
        upstreams: resolved.apply(({ configuration }) =>
            describeUpstreams(
                configuration.upstreams.map(({ users, ...upstream }) => ({
                    ...upstream,
                    users: users.map(({ name }) => name),
                })),
            ),
        ),
    };
}
