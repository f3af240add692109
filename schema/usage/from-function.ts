/** Functions in FROM: what columns a call gives. */

import type { RangeFunction } from "libpg-query";
import type { Output, OutputColumn } from "../derive/catalog";
import type { ColumnType } from "../derive/types";
import { items, qualified, strings } from "../parse/ast";
import type { Analysis } from "./analysis";
import { callTerm } from "./calls";
import { splitName } from "./names";
import { outputOf } from "./outputs";
import { type FromItem, itemOf, type Scope } from "./scope";
import { known, NONE } from "./terms";

/** Columns of set-returning functions of PostgreSQL. */
const FIXED_COLUMNS: ReadonlyMap<string, readonly string[]> = new Map([
    ["json_each", ["key", "value"]],
    ["jsonb_each", ["key", "value"]],
    ["json_each_text", ["key", "value"]],
    ["jsonb_each_text", ["key", "value"]],
    ["json_array_elements", ["value"]],
    ["jsonb_array_elements", ["value"]],
    ["json_array_elements_text", ["value"]],
    ["jsonb_array_elements_text", ["value"]],
]);

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
        const term = callTerm(analysis, call.FuncCall, scope, definitions);
        const routine = analysis.host.routines(name)[0];
        if (definitions.length > 0) {
            columns.push(
                ...definitions.map(
                    ({ name: column, type }): OutputColumn => ({ name: column, term: { kind: "type", type } }),
                ),
            );
        } else if (routine !== undefined) {
            const outs = routine.parameters.filter(({ mode }) => mode === "out");
            columns.push(
                ...outs.map((out): OutputColumn => ({ name: out.name, term: { kind: "type", type: out.type } })),
            );
            if (outs.length === 0) {
                const row = rowType(analysis, routine.result);
                columns.push(...(row?.columns ?? [{ name: alias ?? name.name, term }]));
                open.push(...(row?.open ?? []));
            }
        } else {
            const fixed = FIXED_COLUMNS.get(name.name);
            columns.push(
                ...(fixed?.map((column): OutputColumn => ({ name: column, term: NONE })) ?? [
                    { name: alias ?? name.name, term },
                ]),
            );
        }
    }
    if (range.ordinality === true) {
        columns.push({ name: "ordinality", term: known("bigint") });
    }
    return itemOf(alias ?? functionName, { columns, open }, strings(range.alias?.colnames));
}

function rowType(analysis: Analysis, type: ColumnType | undefined): Output | undefined {
    if (type === undefined || (type.unknown !== true && type.user === undefined)) {
        return undefined;
    }
    const relation = analysis.host.relation(qualified(splitName(type.base)), analysis.host.place(undefined));
    return relation === undefined ? undefined : outputOf(relation);
}
