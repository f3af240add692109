/** The text of a query that is put together by an expression, as far as it is certain. */

import type { Node } from "libpg-query";
import { strings } from "../parse/ast";
import { type Environment, evaluate, type World } from "./evaluate";

/** What stands for a value that is not known: it fits where a value is wanted, in quotes or without, and tells nothing. */
const HOLE = " NULL ";

export interface SqlText {
    readonly text: string;
    /** False where values are not known and NULL stands in. */
    readonly whole: boolean;
}

/** The text, with NULL for values that are not known; undefined where nothing of it is. */
export function sqlText(node: Node | undefined, environment: Environment, world: World): SqlText | undefined {
    if (node === undefined) {
        return undefined;
    }
    const value = evaluate(node, environment, world);
    if (typeof value === "string" || typeof value === "number") {
        return { text: String(value), whole: true };
    }
    if ("TypeCast" in node) {
        return sqlText(node.TypeCast.arg, environment, world);
    }
    if ("A_Expr" in node && strings(node.A_Expr.name).at(-1) === "||") {
        return joined([node.A_Expr.lexpr, node.A_Expr.rexpr], environment, world);
    }
    if ("FuncCall" in node) {
        const name = strings(node.FuncCall.funcname).at(-1);
        const args = node.FuncCall.args ?? [];
        if (name === "concat") {
            return joined(args, environment, world);
        }
        if (name === "format") {
            return formatted(args, environment, world);
        }
    }
    return undefined;
}

function joined(parts: ReadonlyArray<Node | undefined>, environment: Environment, world: World): SqlText | undefined {
    const texts = parts.map((part) => sqlText(part, environment, world));
    return texts.every((text) => text === undefined)
        ? undefined
        : { text: texts.map((text) => text?.text ?? HOLE).join(""), whole: false };
}

/** `format()` with arguments of which not all are known; a name that is not known makes all of it unknown. */
function formatted(args: readonly Node[], environment: Environment, world: World): SqlText | undefined {
    const pattern = evaluate(args[0], environment, world);
    if (typeof pattern !== "string") {
        return undefined;
    }
    // format() itself does the rest, once each argument is a constant of the kind that its place wants.
    const kinds = [...pattern.matchAll(/%(?:(\d+)\$)?(?:-?\d+)?([sIL%])/g)];
    let next = 1;
    const filled = [...args];
    for (const [, position, kind] of kinds) {
        if (kind === "%") {
            continue;
        }
        const index = position === undefined ? next : Number(position);
        next = index + 1;
        if (evaluate(filled[index], environment, world) !== undefined) {
            continue;
        }
        if (kind === "I" || filled[index] === undefined) {
            return undefined;
        }
        filled[index] = kind === "L" ? { A_Const: { isnull: true } } : { A_Const: { sval: { sval: HOLE } } };
    }
    const text = evaluate(
        { FuncCall: { funcname: [{ String: { sval: "format" } }], args: filled } },
        environment,
        world,
    );
    return typeof text === "string" ? { text, whole: false } : undefined;
}
