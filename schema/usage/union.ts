/** UNION, INTERSECT and EXCEPT: columns meet by position. */

import type { Analysis } from "./analysis";
import type { Output } from "./terms";
import { STRENGTH } from "./unknowns";

export function combineUnion(analysis: Analysis, left: Output, right: Output): void {
    if (left.open.length === 0 && right.open.length === 0) {
        left.columns.forEach((column, index) => {
            const other = right.columns[index];
            if (other !== undefined) {
                analysis.meet(column.term, other.term, STRENGTH.use, "same column of a UNION");
                if (column.term.kind === "none") {
                    column.term = other.term;
                }
            }
        });
        return;
    }
    const [first, second] = [left.open[0], right.open[0]];
    if (first !== undefined && second !== undefined) {
        analysis.unknowns.align(first, second);
    } else if (first !== undefined || second !== undefined) {
        // One side is known: the open one must have those columns.
        const [closed, known, open] = first === undefined ? [left, right, second ?? 0] : [right, left, first];
        const names = new Set(["?column?", ...known.columns.map(({ name }) => name)]);
        analysis.has(
            open,
            closed.columns.filter(({ name }) => !names.has(name)),
            "same column of a UNION",
        );
    }
}
