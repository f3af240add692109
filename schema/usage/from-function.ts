/** Functions in FROM: what columns a call gives. */

import type { RangeFunction } from "libpg-query";
import { items, strings } from "../parse/ast";
import type { ColumnType } from "../types";
import type { Analysis } from "./analysis";
import { functionCall } from "./calls";
import { type FromItem, itemOf, type Scope } from "./scope";
import { known, type Output, type OutputColumn, typed } from "./terms";

export function functionItem(analysis: Analysis, range: RangeFunction, scope: Scope): FromItem {
    const columns: OutputColumn[] = [];
    const open: number[] = [];
    const alias = range.alias?.aliasname;
    let functionName = "";
    const definitions = (range.coldeflist ?? []).flatMap((node) =>
        "ColumnDef" in node
            ? [{ name: node.ColumnDef.colname ?? "", type: analysis.host.type(node.ColumnDef.typeName) }]
            : [],
    );
    for (const list of range.functions ?? []) {
        const call = items(list)[0];
        if (call === undefined) {
            continue;
        }
        if (!("FuncCall" in call)) {
            columns.push({ name: alias ?? "", term: analysis.expression(call, scope) });
            continue;
        }
        functionName = strings(call.FuncCall.funcname).at(-1) ?? "";
        const { term, routine } = functionCall(analysis, call.FuncCall, scope, definitions);
        const row = rowType(analysis, routine?.result);
        if (definitions.length > 0) {
            columns.push(...definitions.map(({ name, type }): OutputColumn => ({ name, term: typed(type) })));
        } else if (routine !== undefined && routine.outputs.length > 0) {
            columns.push(...routine.outputs.map(({ name, type }): OutputColumn => ({ name, term: typed(type) })));
        } else {
            columns.push(...(row?.columns ?? [{ name: alias ?? functionName, term }]));
            open.push(...(row?.open ?? []));
        }
    }
    if (range.ordinality === true) {
        columns.push({ name: "ordinality", term: known("bigint") });
    }
    return itemOf(alias ?? functionName, { columns, open }, strings(range.alias?.colnames));
}

function rowType(analysis: Analysis, type: ColumnType | undefined): Output | undefined {
    return type?.row === undefined || type.array
        ? undefined
        : analysis.host.relation(type.row, analysis.host.place(undefined))?.output;
}
