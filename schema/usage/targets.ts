/** The columns that a query gives: its target list, or RETURNING. */

import type { Node } from "libpg-query";
import type { Analysis } from "./analysis";
import { isStar, starItems } from "./columns";
import { figureName } from "./names";
import type { Scope } from "./scope";
import type { Output, OutputColumn } from "./terms";

export function targets(analysis: Analysis, list: readonly Node[] | undefined, scope: Scope): Output {
    const columns: OutputColumn[] = [];
    const open: number[] = [];
    for (const node of list ?? []) {
        if (!("ResTarget" in node)) {
            continue;
        }
        const target = node.ResTarget;
        const value = target.val;
        if (value !== undefined && "ColumnRef" in value && isStar(value.ColumnRef)) {
            const from = starItems(value.ColumnRef, scope);
            const place = analysis.host.place(value.ColumnRef.location);
            for (const item of from) {
                columns.push(...[...item.columns].map(([name, term]): OutputColumn => ({ name, term })));
                for (const id of item.open) {
                    analysis.unknowns.star(id, place);
                    open.push(id);
                }
            }
            continue;
        }
        const term = analysis.expression(value, scope);
        columns.push({ name: target.name ?? figureName(value), term });
    }
    return { columns, open };
}
