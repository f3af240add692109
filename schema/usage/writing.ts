/** Goes through INSERT, UPDATE, DELETE and MERGE: what is written must fit the column that it goes to. */

import type { DeleteStmt, InsertStmt, MergeStmt, Node, RangeVar, ResTarget, UpdateStmt } from "libpg-query";
import type { Analysis } from "./analysis";
import { columnIn } from "./columns";
import { fromItems, tableItem } from "./from";
import { withQueries } from "./query";
import { child, type FromItem, type Scope } from "./scope";
import { targets } from "./targets";
import { NONE, type Output } from "./terms";
import { STRENGTH } from "./unknowns";

/** The table written to; a CTE never hides it. */
function writtenTable(analysis: Analysis, range: RangeVar | undefined): FromItem | undefined {
    return range === undefined ? undefined : tableItem(analysis, range, undefined);
}

/** The scope of a statement that changes rows: its CTEs, and the table that it changes. */
function writtenScope(
    analysis: Analysis,
    { withClause, relation }: UpdateStmt | DeleteStmt | MergeStmt,
    outer: Scope | undefined,
): { scope: Scope; target: FromItem | undefined } {
    const scope = child(outer);
    withQueries(analysis, withClause, scope);
    const target = writtenTable(analysis, relation);
    if (target !== undefined) {
        scope.items.push(target);
    }
    return { scope, target };
}

export function insert(analysis: Analysis, statement: InsertStmt, outer?: Scope): Output {
    const scope = child(outer);
    withQueries(analysis, statement.withClause, scope);
    const target = writtenTable(analysis, statement.relation);
    const names = (statement.cols ?? []).flatMap((node) => ("ResTarget" in node ? [node.ResTarget.name ?? ""] : []));
    const place = analysis.host.place(statement.relation?.location);
    const columns = (target === undefined ? [] : names.length > 0 ? names : [...target.columns.keys()]).map((name) =>
        target === undefined ? NONE : (columnIn(analysis, [target], name, place) ?? NONE),
    );
    if (statement.selectStmt !== undefined) {
        const query = statement.selectStmt;
        const source = analysis.statement(query, scope);
        if (source.open.length === 0) {
            source.columns.forEach((column, index) => {
                const into = columns[index];
                if (into !== undefined) {
                    analysis.meet(into, column.term, STRENGTH.assignment, "INSERT");
                }
            });
        } else if (target?.open.length === 0 && names.length === 0 && source.columns.length === 0) {
            // The upstream has the local table's columns, in its order.
            const [only = 0, ...others] = source.open;
            const all = others.length > 0 ? [] : [...target.columns].map(([name, term]) => ({ name, term }));
            analysis.has(only, all, "INSERT … SELECT *");
        }
    }
    const written = target === undefined ? [] : [target];
    const conflict = child(scope);
    conflict.items.push(...written);
    if (target !== undefined) {
        conflict.items.push({ ...target, alias: "excluded" });
    }
    const clause = statement.onConflictClause;
    if (clause !== undefined && target !== undefined) {
        assignments(analysis, clause.targetList, target, conflict);
        analysis.condition(clause.whereClause, conflict);
        for (const node of clause.infer?.indexElems ?? []) {
            if ("IndexElem" in node && node.IndexElem.name !== undefined) {
                columnIn(analysis, written, node.IndexElem.name, place);
            }
        }
    }
    scope.items.push(...written);
    return targets(analysis, statement.returningClause?.exprs ?? [], scope);
}

function assignments(
    analysis: Analysis,
    list: readonly Node[] | undefined,
    target: FromItem,
    scope: Scope,
    reason = "UPDATE … SET",
): void {
    for (const node of list ?? []) {
        if (!("ResTarget" in node)) {
            continue;
        }
        const set: ResTarget = node.ResTarget;
        const column = columnIn(analysis, [target], set.name ?? "", analysis.host.place(set.location)) ?? NONE;
        const value = analysis.expression(set.val, scope);
        analysis.meet(column, value, STRENGTH.assignment, reason);
    }
}

export function update(analysis: Analysis, statement: UpdateStmt, outer?: Scope): Output {
    const { scope, target } = writtenScope(analysis, statement, outer);
    for (const node of statement.fromClause ?? []) {
        fromItems(analysis, node, scope);
    }
    if (target !== undefined) {
        assignments(analysis, statement.targetList, target, scope);
    }
    analysis.condition(statement.whereClause, scope);
    return targets(analysis, statement.returningClause?.exprs ?? [], scope);
}

export function remove(analysis: Analysis, statement: DeleteStmt, outer?: Scope): Output {
    const { scope } = writtenScope(analysis, statement, outer);
    for (const node of statement.usingClause ?? []) {
        fromItems(analysis, node, scope);
    }
    analysis.condition(statement.whereClause, scope);
    return targets(analysis, statement.returningClause?.exprs ?? [], scope);
}

export function merge(analysis: Analysis, statement: MergeStmt, outer?: Scope): Output {
    const { scope, target } = writtenScope(analysis, statement, outer);
    if (statement.sourceRelation !== undefined) {
        fromItems(analysis, statement.sourceRelation, scope);
    }
    analysis.condition(statement.joinCondition, scope);
    for (const node of statement.mergeWhenClauses ?? []) {
        if (!("MergeWhenClause" in node) || target === undefined) {
            continue;
        }
        const clause = node.MergeWhenClause;
        analysis.condition(clause.condition, scope);
        const { targetList = [], values = [] } = clause;
        const set = targetList.map((each, at) => {
            const val = values[at];
            return "ResTarget" in each && val !== undefined ? { ResTarget: { ...each.ResTarget, val } } : each;
        });
        assignments(analysis, set, target, scope, "MERGE");
    }
    return targets(analysis, statement.returningClause?.exprs ?? [], scope);
}
