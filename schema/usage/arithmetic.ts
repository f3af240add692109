/** Sums and products of numbers, times and intervals. */

import { builtIn } from "../types";
import type { Analysis } from "./analysis";
import { isType, known, NONE, type Term, TIMES } from "./terms";
import { STRENGTH } from "./unknowns";

export function arithmetic(analysis: Analysis, op: string, left: Term, right: Term, literal: boolean): Term {
    if (["&", "|", "#", "<<", ">>"].includes(op)) {
        return bits(analysis, op, left, right);
    }
    if (!["+", "-", "*", "/", "%", "^"].includes(op)) {
        return NONE;
    }
    for (const [one, other] of [
        [left, right],
        [right, left],
    ] satisfies Array<[Term, Term]>) {
        if (one.kind !== "var") {
            continue;
        }
        if (isType(other, "interval") && (op === "+" || op === "-")) {
            analysis.unknowns.hint(one, builtIn("timestamptz"), STRENGTH.use, "plus or minus an interval");
            return known("timestamptz");
        }
        if (other.kind === "type" && TIMES.has(other.type.base)) {
            if (op === "-") {
                analysis.unknowns.hint(one, other.type, STRENGTH.use, "difference of times");
                return known(other.type.base === "date" ? "integer" : "interval");
            }
            analysis.unknowns.hint(
                one,
                builtIn(other.type.base === "date" ? "integer" : "interval"),
                STRENGTH.use,
                "added to a time",
            );
            return other;
        }
        if (isType(other, "interval")) {
            analysis.unknowns.hint(one, builtIn("double precision"), STRENGTH.use, "times an interval");
            return known("interval");
        }
        if (other.kind === "type") {
            analysis.unknowns.hint(one, other.type, literal ? STRENGTH.literal : STRENGTH.cast, "arithmetic");
        }
        analysis.unknowns.hint(one, builtIn("numeric"), STRENGTH.family, "arithmetic");
    }
    const [a, b] = [left, right];
    if (a.kind === "type" && TIMES.has(a.type.base)) {
        if (op === "-" && b.kind === "type" && TIMES.has(b.type.base)) {
            return known(a.type.base === "date" && b.type.base === "date" ? "integer" : "interval");
        }
        return isType(b, "interval") && a.type.base === "date" ? known("timestamp") : a;
    }
    if (isType(a, "interval") || isType(b, "interval")) {
        return b.kind === "type" && TIMES.has(b.type.base) ? b : known("interval");
    }
    return a.kind === "type" ? a : b.kind === "type" ? b : NONE;
}

/** Operators on bits are for whole numbers, bit strings and addresses: what one operand is, the other is too. */
function bits(analysis: Analysis, op: string, left: Term, right: Term): Term {
    for (const [one, other] of [
        [left, right],
        [right, left],
    ] satisfies Array<[Term, Term]>) {
        const type = other.kind === "type" ? other.type : builtIn("integer");
        analysis.unknowns.hint(one, type, STRENGTH.literal, `operand of ${op}`);
    }
    return left.kind === "type" ? left : right.kind === "type" ? right : known("integer");
}
