/** Items of FROM: tables, subqueries, functions and joins. */

import type { JoinExpr, Node, RangeVar } from "libpg-query";
import { rangeName, strings } from "../parse/ast";
import type { Analysis } from "./analysis";
import { columnIn } from "./columns";
import { functionItem } from "./from-function";
import { jsonColumns, xmlColumns } from "./names";
import { mention } from "./questions";
import { type FromItem, findCte, itemOf, type Scope } from "./scope";
import { EMPTY, NONE, type Term } from "./terms";
import { STRENGTH } from "./unknowns";

export function fromItems(analysis: Analysis, node: Node, scope: Scope): FromItem[] {
    if ("JoinExpr" in node) {
        return joined(analysis, node.JoinExpr, scope);
    }
    if ("RangeTableSample" in node) {
        const inner = node.RangeTableSample.relation;
        return inner === undefined ? [] : fromItems(analysis, inner, scope);
    }
    const item = itemIn(analysis, node, scope);
    scope.items.push(item);
    return [item];
}

function itemIn(analysis: Analysis, node: Node, scope: Scope): FromItem {
    if ("RangeVar" in node) {
        return tableItem(analysis, node.RangeVar, scope);
    }
    if ("RangeSubselect" in node) {
        const range = node.RangeSubselect;
        // Without LATERAL a subquery doesn't see its neighbours.
        const outer = range.lateral === true ? scope : { ...scope, items: [], merged: new Map() };
        const output = range.subquery === undefined ? EMPTY : analysis.statement(range.subquery, outer);
        return itemOf(range.alias?.aliasname ?? "", output, strings(range.alias?.colnames));
    }
    if ("RangeFunction" in node) {
        return functionItem(analysis, node.RangeFunction, scope);
    }
    mention(analysis, node, scope);
    const [alias, names] =
        "JsonTable" in node
            ? [node.JsonTable.alias, jsonColumns(node.JsonTable.columns)]
            : "RangeTableFunc" in node
              ? [node.RangeTableFunc.alias, xmlColumns(node.RangeTableFunc.columns)]
              : [];
    return itemOf(alias?.aliasname ?? "", EMPTY, names);
}

function joined(analysis: Analysis, join: JoinExpr, scope: Scope): FromItem[] {
    const left = join.larg === undefined ? [] : fromItems(analysis, join.larg, scope);
    const right = join.rarg === undefined ? [] : fromItems(analysis, join.rarg, scope);
    for (const name of strings(join.usingClause)) {
        const place = analysis.host.place(undefined);
        const a = columnIn(analysis, left, name, place);
        const b = columnIn(analysis, right, name, place);
        if (a !== undefined && b !== undefined) {
            analysis.meet(a, b, STRENGTH.use, `JOIN … USING (${name})`);
        }
        scope.merged.set(name, a ?? b ?? NONE);
    }
    if (join.isNatural === true) {
        for (const item of left) {
            for (const [name, term] of item.columns) {
                const other = right.find(({ columns }) => columns.has(name))?.columns.get(name);
                if (other !== undefined) {
                    analysis.meet(term, other, STRENGTH.use, "NATURAL JOIN");
                    scope.merged.set(name, term);
                }
            }
        }
    }
    analysis.condition(join.quals, scope);
    if (join.alias?.aliasname !== undefined) {
        const columns = new Map([...left, ...right].flatMap((item) => [...item.columns]));
        const open = [...left, ...right].flatMap((item) => item.open);
        const item = { alias: join.alias.aliasname, columns, open };
        scope.items.splice(scope.items.length - left.length - right.length, left.length + right.length, item);
        return [item];
    }
    return [...left, ...right];
}

export function tableItem(analysis: Analysis, range: RangeVar, scope: Scope | undefined): FromItem {
    const name = rangeName(range);
    const alias = range.alias?.aliasname ?? name.name;
    const names = strings(range.alias?.colnames);
    if (name.schema === undefined) {
        const cte = findCte(scope, name.name);
        if (cte !== undefined) {
            return itemOf(alias, cte, names);
        }
    }
    const relation = analysis.host.relation(name, analysis.host.place(range.location));
    if (relation === undefined) {
        return { alias, columns: new Map(), open: [] };
    }
    if (relation.remote !== undefined && names.length > 0) {
        // AS t (x, y) over unknown columns: there are at least so many, and x and y name them as well as anything.
        const place = analysis.host.place(range.location);
        const columns = new Map(
            names.map((column): [string, Term] => [
                column,
                analysis.unknowns.column(relation.remote ?? -1, column, place),
            ]),
        );
        return { alias, columns, open: [relation.remote] };
    }
    const item = itemOf(alias, relation.output, names);
    return { ...item, ...(range.alias === undefined ? { schema: relation.schema } : {}) };
}
