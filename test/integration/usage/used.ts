/** Short forms of what the usage analysis finds. */

import type { Settled } from "../../../schema/usage/settle";

/** `schema.table(column type, …)`, by name; before it the connection string where it is no server. */
export function usedTables({ tables }: Settled): string[] {
    return tables
        .map(({ server, schema, name, columns }) => {
            const list = columns.map((column) => `${column.name} ${column.type}`).join(", ");
            return `${typeof server === "string" ? "" : `${server.conninfo}: `}${schema}.${name}(${list})`;
        })
        .sort();
}
