/** Items of ORDER BY, GROUP BY, DISTINCT ON and PARTITION BY. */

import type { Node } from "libpg-query";
import { strings } from "../parse/ast";
import type { Analysis } from "./analysis";
import type { Scope } from "./scope";
import type { Output } from "./terms";

/** ORDER BY and GROUP BY: a bare name may be an output column, a number is a position. */
export function orderItem(analysis: Analysis, node: Node, scope: Scope, output: Output): void {
    const inner = "SortBy" in node ? node.SortBy.node : node;
    if (inner === undefined || "A_Const" in inner) {
        return;
    }
    if ("GroupingSet" in inner) {
        for (const each of inner.GroupingSet.content ?? []) {
            orderItem(analysis, each, scope, output);
        }
        return;
    }
    if ("ColumnRef" in inner) {
        const names = strings(inner.ColumnRef.fields);
        if (names.length === 1 && output.columns.some(({ name }) => name === names[0])) {
            return;
        }
        // Over UNION the names are those of its first part.
        if (names.length === 1 && scope.items.length === 0 && output.open.length > 0) {
            analysis.unknowns.oneOf(output.open, names[0] ?? "", analysis.host.place(inner.ColumnRef.location));
            return;
        }
    }
    analysis.expression(inner, scope);
}
