/** IMPORT FOREIGN SCHEMA, read from the parser's tree. */

import type { Node } from "libpg-query";
import type { ImportStatement } from "../schema/usage/imports";
import { parseSql } from "../upstreams/parser";

/** Those of a text of any statements; none where it cannot be parsed. */
export function importsInText(text: string): ImportStatement[] {
    const parsed = parseSql(text);
    return "nodes" in parsed ? importsIn(parsed.nodes) : [];
}

function importsIn(nodes: readonly Node[]): ImportStatement[] {
    return nodes.flatMap((node) => {
        if (!("ImportForeignSchemaStmt" in node)) {
            return [];
        }
        const statement = node.ImportForeignSchemaStmt;
        const list =
            statement.list_type === "FDW_IMPORT_SCHEMA_LIMIT_TO"
                ? "limit"
                : statement.list_type === "FDW_IMPORT_SCHEMA_EXCEPT"
                  ? "except"
                  : "all";
        return [
            {
                server: statement.server_name ?? "",
                remoteSchema: statement.remote_schema ?? "",
                localSchema: statement.local_schema ?? "",
                list,
                tables: (statement.table_list ?? []).flatMap((each) =>
                    "RangeVar" in each ? [each.RangeVar.relname ?? ""] : [],
                ),
            },
        ];
    });
}
