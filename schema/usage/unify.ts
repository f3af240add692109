/** Expressions that meet: what is known of the type of one is told of the others. */

import type { Analysis } from "./analysis";
import { NONE, type Term } from "./terms";
import { STRENGTH } from "./unknowns";

export function compare(analysis: Analysis, a: Term, b: Term, reason: string, literal = false): void {
    analysis.unknowns.meet(a, b, literal ? STRENGTH.literal : STRENGTH.use, reason);
}

export function unify(analysis: Analysis, terms: readonly Term[], reason: string): Term {
    const typed = terms.find((term) => term.kind === "type");
    const variable = terms.find((term) => term.kind === "var");
    const known = typed ?? variable ?? terms[0] ?? NONE;
    const literal = isNumberLiteral(terms, known);
    // What the whole meets tells more of the column than the number beside it.
    const main = literal && variable !== undefined ? variable : known;
    for (const term of terms) {
        if (term !== main) {
            // A number beside a column tells as much as in a comparison.
            analysis.unknowns.meet(main, term, literal ? STRENGTH.literal : STRENGTH.use, reason);
        }
    }
    return main.kind === "var" && literal ? { ...main, mixed: true } : main;
}

function isNumberLiteral(terms: readonly Term[], main: Term): boolean {
    // COALESCE(x, 0): the literal's own type is all that is known.
    return (
        terms.some((term) => term.kind === "var") &&
        main.kind === "type" &&
        /^(?:integer|numeric|bigint)$/.test(main.type.sql)
    );
}
