/** Calls of dblink's functions in expressions. */

import type { FuncCall } from "libpg-query";
import { qualified, strings } from "../parse/ast";
import type { Analysis, DblinkCall } from "./analysis";

/** Functions of dblink that connect, or that name the connection to use. */
const DBLINK = new Set([
    "dblink",
    "dblink_connect",
    "dblink_connect_u",
    "dblink_exec",
    "dblink_open",
    "dblink_send_query",
]);

/** @param columns the column definition list of a call in FROM. */
export function announceDblink(analysis: Analysis, call: FuncCall, columns: DblinkCall["columns"]): void {
    const name = qualified(strings(call.funcname));
    if (DBLINK.has(name.name) && !analysis.host.routines(name).some(({ library }) => library !== true)) {
        const place = analysis.host.place(call.location);
        analysis.host.dblink({ name: name.name, args: call.args ?? [], columns, place });
    }
}
