/** The one line of configuration that tells what the schema doesn't. */

import { stringify } from "yaml";

/** A value as YAML in one line. */
export function flow(value: unknown): string {
    return stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: true }).trimEnd();
}

export function upstreamConfig(
    address: { host: string; port: number; database: string },
    tables: ReadonlyArray<{ schema: string; name: string; columns: ReadonlyArray<{ name: string; type: string }> }>,
): string {
    const upstream = {
        host: address.host,
        ...(address.port === 5432 ? {} : { port: address.port }),
        database: address.database,
        tables: tables.map(({ schema, name, columns }) => ({
            ...(schema === "public" ? {} : { schema }),
            name,
            columns,
        })),
    };
    return `fdw-stub:upstreams: ${flow([upstream])}`;
}
