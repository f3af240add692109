/** Functions in FROM: what columns a call gives. */

import type { RangeFunction } from "libpg-query";
import { items, qualified, strings } from "../parse/ast";
import type { Analysis, Routine } from "./analysis";
import { announceDblink } from "./dblink-calls";
import { type FromItem, itemOf, type Scope } from "./scope";
import { known, type Output, type OutputColumn, type Term, typed } from "./terms";

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
        const name = qualified(strings(call.FuncCall.funcname));
        functionName = name.name;
        announceDblink(analysis, call.FuncCall, definitions);
        const term = analysis.expression(call, scope);
        const count = (call.FuncCall.args ?? []).length;
        const routine = analysis.host.routines(name).find((each) => takes(each, count));
        if (definitions.length > 0 || (routine !== undefined && routine.outputs.length > 0)) {
            const given = definitions.length > 0 ? definitions : (routine?.outputs ?? []);
            columns.push(...given.map((column): OutputColumn => ({ name: column.name, term: typed(column.type) })));
        } else {
            const row = rowType(analysis, term);
            columns.push(...(row?.columns ?? [{ name: alias ?? functionName, term }]));
            open.push(...(row?.open ?? []));
        }
    }
    if (range.ordinality === true) {
        columns.push({ name: "ordinality", term: known("bigint") });
    }
    return itemOf(alias ?? functionName, { columns, open }, strings(range.alias?.colnames));
}

function takes({ inputs, defaults, variadic }: Routine, count: number): boolean {
    return count >= inputs.length - defaults - (variadic ? 1 : 0) && (variadic || count <= inputs.length);
}

function rowType(analysis: Analysis, term: Term): Output | undefined {
    const result = analysis.resolve(term);
    return result.kind !== "type" || result.type.row === undefined || result.type.array
        ? undefined
        : analysis.host.relation(result.type.row, analysis.host.place(undefined))?.output;
}
