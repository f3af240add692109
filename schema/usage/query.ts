/** Goes through SELECT, VALUES and WITH: what they read, and the columns of their result. */

import type { Node, SelectStmt, WithClause } from "libpg-query";
import { items, strings } from "../parse/ast";
import type { Analysis } from "./analysis";
import { fromItems } from "./from";
import { orderItem } from "./order";
import { child, type Scope } from "./scope";
import { targets } from "./targets";
import { EMPTY, NONE, type Output, type OutputColumn, renamed } from "./terms";
import { combineUnion } from "./union";

export function selectQuery(analysis: Analysis, select: SelectStmt, outer?: Scope): Output {
    const scope = child(outer);
    withQueries(analysis, select.withClause, scope);
    if (select.op !== undefined && select.op !== "SETOP_NONE" && select.larg !== undefined) {
        const left = selectQuery(analysis, select.larg, scope);
        const right = select.rarg === undefined ? EMPTY : selectQuery(analysis, select.rarg, scope);
        combineUnion(analysis, left, right);
        sortAndLimit(analysis, select, scope, left);
        return left;
    }
    if (select.valuesLists !== undefined && select.valuesLists.length > 0) {
        return valueRows(analysis, select.valuesLists, scope);
    }
    for (const node of select.fromClause ?? []) {
        fromItems(analysis, node, scope);
    }
    const output = targets(analysis, select.targetList, scope);
    analysis.condition(select.whereClause, scope);
    analysis.condition(select.havingClause, scope);
    for (const node of select.groupClause ?? []) {
        orderItem(analysis, node, scope, output);
    }
    for (const node of select.windowClause ?? []) {
        if ("WindowDef" in node) {
            for (const each of [...(node.WindowDef.partitionClause ?? []), ...(node.WindowDef.orderClause ?? [])]) {
                orderItem(analysis, each, scope, EMPTY);
            }
        }
    }
    for (const node of select.distinctClause ?? []) {
        if (Object.keys(node).length > 0) {
            orderItem(analysis, node, scope, output);
        }
    }
    sortAndLimit(analysis, select, scope, output);
    return output;
}

function sortAndLimit(analysis: Analysis, select: SelectStmt, scope: Scope, output: Output): void {
    for (const node of select.sortClause ?? []) {
        orderItem(analysis, node, scope, output);
    }
    analysis.expression(select.limitCount, scope);
    analysis.expression(select.limitOffset, scope);
}

function valueRows(analysis: Analysis, lists: readonly Node[], scope: Scope): Output {
    const columns: OutputColumn[] = [];
    for (const list of lists) {
        items(list).forEach((node, index) => {
            const term = analysis.expression(node, scope);
            const column = columns[index];
            if (column === undefined) {
                columns.push({ name: `column${index + 1}`, term });
            } else if (column.term.kind === "none") {
                column.term = term;
            }
        });
    }
    return { columns, open: [] };
}

export function withQueries(analysis: Analysis, clause: WithClause | undefined, scope: Scope): void {
    for (const node of clause?.ctes ?? []) {
        if (!("CommonTableExpr" in node)) {
            continue;
        }
        const cte = node.CommonTableExpr;
        const name = cte.ctename ?? "";
        const aliases = strings(cte.aliascolnames);
        const query = cte.ctequery;
        if (clause?.recursive === true && query !== undefined && "SelectStmt" in query) {
            // The first part of a recursive query tells the columns that the second one sees.
            const recursive = query.SelectStmt;
            const seen = child(scope);
            withQueries(analysis, recursive.withClause, seen);
            const first = renamed(
                recursive.larg === undefined ? EMPTY : selectQuery(analysis, recursive.larg, seen),
                aliases,
            );
            scope.ctes.set(name, recursive.larg === undefined ? EMPTY : first);
            const extra: string[] = [];
            const sequence = strings(cte.cycle_clause === undefined ? [] : cte.cycle_clause.cycle_col_list);
            if (sequence.length > 0) {
                extra.push(cte.cycle_clause?.cycle_mark_column ?? "", cte.cycle_clause?.cycle_path_column ?? "");
            }
            if (cte.search_clause?.search_seq_column !== undefined) {
                extra.push(cte.search_clause.search_seq_column);
            }
            first.columns.push(...extra.map((column) => ({ name: column, term: NONE })));
            if (recursive.rarg !== undefined && recursive.larg !== undefined) {
                combineUnion(analysis, first, selectQuery(analysis, recursive.rarg, scope));
                continue;
            }
        }
        scope.ctes.set(name, query === undefined ? EMPTY : renamed(analysis.statement(query, scope), aliases));
    }
}
