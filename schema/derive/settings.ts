/** What a session sets: where names are looked up, and who runs. */

import type { SelectStmt, VariableSetStmt } from "libpg-query";
import { constText, strings } from "../parse/ast";
import { type Database, placeOf, type Site } from "./database";
import type { Execution } from "./execution";

export function runSet(execution: Execution, db: Database, statement: VariableSetStmt, site: Site): void {
    const name = statement.name ?? "";
    const reset = statement.kind !== "VAR_SET_VALUE";
    const values = (statement.args ?? []).flatMap((node) => constText(node) ?? []);
    if (statement.is_local === true) {
        db.setLocal();
    }
    if (statement.kind === "VAR_RESET_ALL") {
        db.session();
    } else if (name === "search_path") {
        db.path = reset ? ["public"] : values.flatMap((value) => (value === "" ? [] : [value]));
    } else if (name === "role" || name === "session_authorization") {
        const role = reset || values[0] === "none" || values[0] === "default" ? undefined : values[0];
        db.role = role === db.shared.devUser ? undefined : role;
        if (role !== undefined) {
            execution.roles.mention(role, placeOf(site));
        }
    } else if (name === "check_function_bodies") {
        db.checkBodies = reset || !/^(?:f|false|off|no|0)$/i.test(values[0] ?? "");
    }
}

/** `SELECT set_config('search_path', …)`, as dumps have it. */
export function configures(db: Database, select: SelectStmt): boolean {
    const target = select.targetList?.[0];
    const call = target !== undefined && "ResTarget" in target ? target.ResTarget.val : undefined;
    if (call === undefined || !("FuncCall" in call) || strings(call.FuncCall.funcname).at(-1) !== "set_config") {
        return false;
    }
    const [name, value] = (call.FuncCall.args ?? []).map((arg) => constText(arg));
    if (name?.toLowerCase() === "search_path" && value !== undefined) {
        db.path = splitPath(value);
    }
    return true;
}

/** A search_path as one text: names between commas, in quotes or in any case. */
function splitPath(text: string): string[] {
    return (text.match(/"(?:[^"]|"")*"|[^,]+/g) ?? [])
        .map((part) => part.trim())
        .filter((part) => part !== "")
        .map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase()));
}
