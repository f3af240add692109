/** Short forms of inferences for tables of cases. */

import { type Finding, type Inference, type InferInput, inferUpstreams, memoryFileSystem } from "../../../schema";

export type Files = string | Readonly<Record<string, string>>;

/** Derives from files that exist in memory only; one text is the file `schema.sql`. */
export function infer(
    files: Files,
    input: Omit<InferInput, "paths" | "fileSystem"> & { paths?: string[] } = {},
): Promise<Inference> {
    const all = typeof files === "string" ? { "schema.sql": files } : files;
    const roots = [...new Set(Object.keys(all).map((path) => path.split("/")[0] ?? path))];
    return inferUpstreams({ ...input, paths: input.paths ?? roots, fileSystem: memoryFileSystem(all) });
}

/** One line for each upstream and table: `host:port/database user:password +extension`, `  schema.table(name type, …)`. */
export function compact(inference: Inference): string[] {
    return inference.upstreams.flatMap((upstream) => [
        [
            `${upstream.host}:${upstream.port}/${upstream.database}`,
            ...upstream.users.map(({ name, password }) => (password === undefined ? name : `${name}:${password}`)),
            ...upstream.extensions.map(
                ({ name, schema, optional }) =>
                    `+${name}${schema === undefined ? "" : `@${schema}`}${optional === true ? "?" : ""}`,
            ),
        ].join(" "),
        ...upstream.ddl.map(({ sql }) => `  ${sql}`),
        ...upstream.tables.map(
            ({ schema, name, columns }) =>
                `  ${schema}.${name}(${columns.map((column) => `${column.name} ${column.type}`).join(", ")})`,
        ),
    ]);
}

/** Codes of findings of some severities, in order. The cases are short: that they create no extension doesn't count. */
export function codes(inference: Inference, ...severities: Finding["severity"][]): string[] {
    return inference.findings
        .filter(({ code }) => code !== "extension-missing")
        .filter(({ severity }) => severities.length === 0 || severities.includes(severity))
        .map(({ code }) => code);
}

/** A server `s` at h:5432/d with user u for CURRENT_USER. */
export const SERVER =
    "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd');" +
    "CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'u', password 'p');";
