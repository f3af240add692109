/** The type that a name means where it stands, as PostgreSQL finds it. */

import type { Node, TypeName } from "libpg-query";
import { deparse } from "../parse/deparse";
import { type ColumnType, printedType } from "../types";
import type { AnalyzerHost } from "./analysis";

/** @returns a type marked as unknown where PostgreSQL has none of that name. */
export function namedType(host: Pick<AnalyzerHost, "path" | "probe">, { setof: _, ...type }: TypeName): ColumnType {
    const name: Node = { TypeName: type };
    const written = deparse(name) ?? "text";
    const reply = host.probe({ sql: `SELECT NULL::${written}`, path: host.path, types: [] });
    const { sql, base, array } = printedType(written.replaceAll(", ", ","));
    if (reply === undefined || !("types" in reply) || reply.result === undefined) {
        return { sql, base, array, unknown: true };
    }
    // The catalog knows the type, and the text its length.
    const [modifiers = ""] = /\([^)]*\)/.exec(sql) ?? [];
    const found = reply.result;
    return { ...found, sql: `${found.base}${modifiers}${found.array ? "[]" : ""}` };
}
