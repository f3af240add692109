/**
 * Goes through a query as PostgreSQL's analyser would: which relations it reads, what columns its result has, and what
 * it tells of columns of upstreams that nobody declared.
 */

import type {
    A_Expr,
    ColumnRef,
    DeleteStmt,
    FuncCall,
    InsertStmt,
    MergeStmt,
    Node,
    RangeFunction,
    RangeVar,
    ResTarget,
    SelectStmt,
    SubLink,
    TypeName,
    UpdateStmt,
    WithClause,
} from "libpg-query";
import type { Output, OutputColumn, Relation, Routine, Term } from "../derive/catalog";
import { builtIn, type ColumnType, TEXT } from "../derive/types";
import { items, type QualifiedName, qualified, rangeName, strings } from "../parse/ast";
import type { Place } from "../report";
import { signatureOf } from "./functions";
import { figureName, jsonColumns, splitName, xmlColumns } from "./names";
import { child, type FromItem, findCte, findVariable, itemOf, type Scope } from "./scope";
import { arrayOf, arrayType, BOOLEAN, constantTerm, elementOf, isLiteral, isType, known, NONE } from "./terms";
import { STRENGTH, type Unknowns } from "./unknowns";

/** A `dblink(…)` call with the columns that its result is given. */
export interface DblinkCall {
    readonly args: readonly Node[];
    readonly columns: ReadonlyArray<{ name: string; type: ColumnType }>;
    readonly place: Place;
}

export interface AnalyzerHost {
    readonly unknowns: Unknowns;
    /** The relation of a name; an imported table comes to be by being asked for. */
    relation(name: QualifiedName, place: Place): Relation | undefined;
    routines(name: QualifiedName): readonly Routine[];
    type(type: TypeName | undefined): ColumnType;
    place(location: number | undefined): Place;
    dblink(call: DblinkCall): void;
}

const SYSTEM_COLUMNS = new Set(["ctid", "tableoid", "xmin", "xmax", "cmin", "cmax", "oid"]);
const COMPARISONS = new Set(["=", "<>", "!=", "<", ">", "<=", ">="]);
const TEXT_OPERATORS = new Set(["~", "~*", "!~", "!~*", "~~", "!~~", "~~*", "!~~*", "^@"]);
const JSON_OPERATORS = new Set(["->", "->>", "#>", "#>>", "?", "?|", "?&", "@?", "#-"]);
const TIMES = new Set(["timestamptz", "timestamp", "date"]);

const EMPTY: Output = { columns: [], open: [] };

export class Analyzer {
    /** Relations read or written. */
    readonly reads = new Set<number>();
    /** Routines of the schema that are called, as `schema\0name`. */
    readonly calls = new Set<string>();
    /** Names that nothing known has. */
    readonly missing: QualifiedName[] = [];

    constructor(private readonly host: AnalyzerHost) {}

    private get unknowns(): Unknowns {
        return this.host.unknowns;
    }

    /** Any statement that reads or writes rows. */
    statement(node: Node, scope?: Scope): Output {
        if ("SelectStmt" in node) {
            return this.select(node.SelectStmt, scope);
        }
        if ("InsertStmt" in node) {
            return this.insert(node.InsertStmt, scope);
        }
        if ("UpdateStmt" in node) {
            return this.update(node.UpdateStmt, scope);
        }
        if ("DeleteStmt" in node) {
            return this.remove(node.DeleteStmt, scope);
        }
        if ("MergeStmt" in node) {
            return this.merge(node.MergeStmt, scope);
        }
        return EMPTY;
    }

    // Queries

    select(select: SelectStmt, outer?: Scope): Output {
        const scope = child(outer);
        this.with(select.withClause, scope);
        if (select.op !== undefined && select.op !== "SETOP_NONE" && select.larg !== undefined) {
            const left = this.select(select.larg, scope);
            const right = select.rarg === undefined ? EMPTY : this.select(select.rarg, scope);
            this.combine(left, right);
            this.sort(select, scope, left);
            return left;
        }
        if (select.valuesLists !== undefined && select.valuesLists.length > 0) {
            return this.values(select.valuesLists, scope);
        }
        for (const node of select.fromClause ?? []) {
            this.from(node, scope);
        }
        const output = this.targets(select.targetList, scope);
        this.condition(select.whereClause, scope);
        this.condition(select.havingClause, scope);
        for (const node of select.groupClause ?? []) {
            this.orderItem(node, scope, output);
        }
        for (const node of select.windowClause ?? []) {
            if ("WindowDef" in node) {
                for (const each of [...(node.WindowDef.partitionClause ?? []), ...(node.WindowDef.orderClause ?? [])]) {
                    this.orderItem(each, scope, EMPTY);
                }
            }
        }
        for (const node of select.distinctClause ?? []) {
            if (Object.keys(node).length > 0) {
                this.orderItem(node, scope, output);
            }
        }
        this.sort(select, scope, output);
        return output;
    }

    private sort(select: SelectStmt, scope: Scope, output: Output): void {
        for (const node of select.sortClause ?? []) {
            this.orderItem(node, scope, output);
        }
        this.expression(select.limitCount, scope);
        this.expression(select.limitOffset, scope);
    }

    /** ORDER BY and GROUP BY: a bare name may be an output column, a number is a position. */
    private orderItem(node: Node, scope: Scope, output: Output): void {
        const inner = "SortBy" in node ? node.SortBy.node : node;
        if (inner === undefined || "A_Const" in inner) {
            return;
        }
        if ("GroupingSet" in inner) {
            for (const each of inner.GroupingSet.content ?? []) {
                this.orderItem(each, scope, output);
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
                this.unknowns.oneOf(output.open, names[0] ?? "", this.host.place(inner.ColumnRef.location));
                return;
            }
        }
        this.expression(inner, scope);
    }

    private values(lists: readonly Node[], scope: Scope): Output {
        const columns: OutputColumn[] = [];
        for (const list of lists) {
            items(list).forEach((node, index) => {
                const term = this.expression(node, scope);
                const column = columns[index];
                if (column === undefined) {
                    columns.push({ name: `column${index + 1}`, term });
                } else if (column.term.kind === "literal" || column.term.kind === "none") {
                    column.term = term;
                }
            });
        }
        return { columns, open: [] };
    }

    /** UNION and its kin: columns meet by position. */
    private combine(left: Output, right: Output): void {
        if (left.open.length === 0 && right.open.length === 0) {
            left.columns.forEach((column, index) => {
                const other = right.columns[index];
                if (other !== undefined) {
                    this.unknowns.meet(column.term, other.term, STRENGTH.use, "same column of a UNION");
                    if (column.term.kind === "literal" || column.term.kind === "none") {
                        column.term = other.term;
                    }
                }
            });
            return;
        }
        const [first, second] = [left.open[0], right.open[0]];
        if (first !== undefined && second !== undefined) {
            this.unknowns.align(first, second);
        } else if (first !== undefined || second !== undefined) {
            // One side is known: the open one must have those columns.
            const closed = first === undefined ? left : right;
            const open = first ?? second;
            const names = new Set((first === undefined ? right : left).columns.map(({ name }) => name));
            for (const { name, term } of closed.columns) {
                if (open !== undefined && !names.has(name) && name !== "?column?") {
                    const column = this.unknowns.column(open, name, this.host.place(undefined));
                    this.unknowns.meet(column, term, STRENGTH.assignment, "same column of a UNION");
                }
            }
        }
    }

    private with(clause: WithClause | undefined, scope: Scope): void {
        for (const node of clause?.ctes ?? []) {
            if (!("CommonTableExpr" in node)) {
                continue;
            }
            const cte = node.CommonTableExpr;
            const name = cte.ctename ?? "";
            const aliases = strings(cte.aliascolnames);
            const rename = (output: Output): Output => ({
                open: output.open,
                columns: output.columns.map((column, index) => ({
                    name: output.open.length === 0 ? (aliases[index] ?? column.name) : column.name,
                    term: column.term,
                })),
            });
            const query = cte.ctequery;
            if (clause?.recursive === true && query !== undefined && "SelectStmt" in query) {
                // The first part of a recursive query tells the columns that the second one sees.
                const recursive = query.SelectStmt;
                const seen = child(scope);
                this.with(recursive.withClause, seen);
                const first = rename(recursive.larg === undefined ? EMPTY : this.select(recursive.larg, seen));
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
                    this.combine(first, this.select(recursive.rarg, scope));
                    continue;
                }
            }
            scope.ctes.set(name, query === undefined ? EMPTY : rename(this.statement(query, scope)));
        }
    }

    // FROM

    private from(node: Node, scope: Scope): FromItem[] {
        if ("RangeVar" in node) {
            const item = this.table(node.RangeVar, scope);
            scope.items.push(item);
            return [item];
        }
        if ("RangeSubselect" in node) {
            const range = node.RangeSubselect;
            // Without LATERAL a subquery doesn't see its neighbours.
            const outer = range.lateral === true ? scope : withoutItems(scope);
            const output = range.subquery === undefined ? EMPTY : this.statement(range.subquery, outer);
            const item = itemOf(range.alias?.aliasname ?? "", output, strings(range.alias?.colnames));
            scope.items.push(item);
            return [item];
        }
        if ("RangeFunction" in node) {
            const item = this.rangeFunction(node.RangeFunction, scope);
            scope.items.push(item);
            return [item];
        }
        if ("RangeTableSample" in node) {
            const inner = node.RangeTableSample.relation;
            return inner === undefined ? [] : this.from(inner, scope);
        }
        if ("JsonTable" in node || "RangeTableFunc" in node) {
            this.parts(node, scope);
            const alias = "JsonTable" in node ? node.JsonTable.alias : node.RangeTableFunc.alias;
            const names =
                "JsonTable" in node ? jsonColumns(node.JsonTable.columns) : xmlColumns(node.RangeTableFunc.columns);
            const columns = new Map(names.map((name): [string, Term] => [name, NONE]));
            const item = { alias: alias?.aliasname ?? "", columns, open: [] };
            scope.items.push(item);
            return [item];
        }
        if ("JoinExpr" in node) {
            const join = node.JoinExpr;
            const left = join.larg === undefined ? [] : this.from(join.larg, scope);
            const right = join.rarg === undefined ? [] : this.from(join.rarg, scope);
            for (const name of strings(join.usingClause)) {
                const place = this.host.place(undefined);
                const a = this.columnIn(left, name, place);
                const b = this.columnIn(right, name, place);
                if (a !== undefined && b !== undefined) {
                    this.unknowns.meet(a, b, STRENGTH.use, `JOIN … USING (${name})`);
                }
                scope.merged.set(name, a ?? b ?? NONE);
            }
            if (join.isNatural === true) {
                for (const item of left) {
                    for (const [name, term] of item.columns) {
                        const other = right.find(({ columns }) => columns.has(name))?.columns.get(name);
                        if (other !== undefined) {
                            this.unknowns.meet(term, other, STRENGTH.use, "NATURAL JOIN");
                            scope.merged.set(name, term);
                        }
                    }
                }
            }
            this.condition(join.quals, scope);
            if (join.alias?.aliasname !== undefined) {
                const columns = new Map([...left, ...right].flatMap((item) => [...item.columns]));
                const open = [...left, ...right].flatMap((item) => item.open);
                const item = { alias: join.alias.aliasname, columns, open };
                scope.items.splice(scope.items.length - left.length - right.length, left.length + right.length, item);
                return [item];
            }
            return [...left, ...right];
        }
        this.parts(node, scope);
        return [];
    }

    private columnIn(from: readonly FromItem[], name: string, place: Place): Term | undefined {
        for (const item of from) {
            const term = item.columns.get(name);
            if (term !== undefined) {
                return term;
            }
        }
        const open = from.flatMap((item) => item.open);
        return open.length === 0 ? undefined : this.unknowns.oneOf(open, name, place);
    }

    private table(range: RangeVar, scope: Scope | undefined): FromItem {
        const name = rangeName(range);
        const alias = range.alias?.aliasname ?? name.name;
        const names = strings(range.alias?.colnames);
        if (name.schema === undefined) {
            const cte = findCte(scope, name.name);
            if (cte !== undefined) {
                return itemOf(alias, cte, names);
            }
        }
        const relation = this.host.relation(name, this.host.place(range.location));
        if (relation === undefined) {
            this.missing.push(name);
            return { alias, columns: new Map(), open: [] };
        }
        this.reads.add(relation.id);
        if (relation.remote !== undefined && names.length > 0) {
            // AS t (x, y) over unknown columns: there are at least so many, and x and y name them as well as anything.
            const place = this.host.place(range.location);
            const columns = new Map(
                names.map((column): [string, Term] => [
                    column,
                    this.unknowns.column(relation.remote ?? -1, column, place),
                ]),
            );
            return { alias, columns, open: [relation.remote] };
        }
        const item = itemOf(alias, outputOf(relation), names);
        return { ...item, ...(range.alias === undefined ? { schema: relation.schema } : {}) };
    }

    private rangeFunction(range: RangeFunction, scope: Scope): FromItem {
        const columns: OutputColumn[] = [];
        const open: number[] = [];
        const alias = range.alias?.aliasname;
        let functionName = "";
        const definitions = (range.coldeflist ?? []).flatMap((node) =>
            "ColumnDef" in node
                ? [{ name: node.ColumnDef.colname ?? "", type: this.host.type(node.ColumnDef.typeName) }]
                : [],
        );
        for (const list of range.functions ?? []) {
            const call = items(list)[0];
            if (call === undefined) {
                continue;
            }
            if (!("FuncCall" in call)) {
                columns.push({ name: alias ?? "", term: this.expression(call, scope) });
                continue;
            }
            const name = qualified(strings(call.FuncCall.funcname));
            functionName = name.name;
            if (name.name === "dblink" && definitions.length > 0) {
                this.host.dblink({
                    args: call.FuncCall.args ?? [],
                    columns: definitions,
                    place: this.host.place(call.FuncCall.location),
                });
            }
            const term = this.call(call.FuncCall, scope);
            const routine = this.host.routines(name)[0];
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
                    const row = this.rowType(routine.result);
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
        const item = itemOf(alias ?? functionName, { columns, open }, strings(range.alias?.colnames));
        return item;
    }

    private rowType(type: ColumnType | undefined): Output | undefined {
        if (type === undefined || (type.unknown !== true && type.user === undefined)) {
            return undefined;
        }
        const relation = this.host.relation(qualified(splitName(type.base)), this.host.place(undefined));
        return relation === undefined ? undefined : outputOf(relation);
    }

    // Results

    private targets(list: readonly Node[] | undefined, scope: Scope): Output {
        const columns: OutputColumn[] = [];
        const open: number[] = [];
        for (const node of list ?? []) {
            if (!("ResTarget" in node)) {
                continue;
            }
            const target = node.ResTarget;
            const value = target.val;
            if (value !== undefined && "ColumnRef" in value && isStar(value.ColumnRef)) {
                const from = this.starItems(value.ColumnRef, scope);
                const place = this.host.place(value.ColumnRef.location);
                for (const item of from) {
                    columns.push(...[...item.columns].map(([name, term]): OutputColumn => ({ name, term })));
                    for (const id of item.open) {
                        this.unknowns.star(id, place);
                        open.push(id);
                    }
                }
                continue;
            }
            const term = this.expression(value, scope);
            columns.push({ name: target.name ?? figureName(value), term });
        }
        return { columns, open };
    }

    private starItems(ref: ColumnRef, scope: Scope): readonly FromItem[] {
        const names = strings(ref.fields);
        if (names.length === 0) {
            return scope.items;
        }
        const alias = names[names.length - 1] ?? "";
        for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
            const item = at.items.find((each) => each.alias === alias);
            if (item !== undefined) {
                return [item];
            }
        }
        const variable = findVariable(scope, alias);
        return variable?.kind === "record" ? [variable.item] : [];
    }

    // Writing

    /** The table written to; a CTE never hides it. */
    private target(range: RangeVar | undefined): FromItem | undefined {
        return range === undefined ? undefined : this.table(range, undefined);
    }

    insert(statement: InsertStmt, outer?: Scope): Output {
        const scope = child(outer);
        this.with(statement.withClause, scope);
        const target = this.target(statement.relation);
        const names = (statement.cols ?? []).flatMap((node) =>
            "ResTarget" in node ? [node.ResTarget.name ?? ""] : [],
        );
        const place = this.host.place(statement.relation?.location);
        const columns = (target === undefined ? [] : names.length > 0 ? names : [...target.columns.keys()]).map(
            (name) => (target === undefined ? NONE : (this.columnIn([target], name, place) ?? NONE)),
        );
        if (statement.selectStmt !== undefined) {
            const query = statement.selectStmt;
            const source = this.statement(query, scope);
            if (source.open.length === 0) {
                source.columns.forEach((column, index) => {
                    const into = columns[index];
                    if (into !== undefined) {
                        this.unknowns.meet(into, column.term, STRENGTH.assignment, "INSERT");
                    }
                });
            } else if (target !== undefined && names.length === 0 && source.columns.length === 0) {
                this.starInto(source, target);
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
            this.assignments(clause.targetList, target, conflict);
            this.condition(clause.whereClause, conflict);
            for (const node of clause.infer?.indexElems ?? []) {
                if ("IndexElem" in node && node.IndexElem.name !== undefined) {
                    this.columnIn(written, node.IndexElem.name, place);
                }
            }
        }
        scope.items.push(...written);
        return this.returning(statement.returningClause?.exprs ?? [], scope);
    }

    /** `INSERT INTO local SELECT * FROM upstream`: the upstream has the local table's columns, in its order. */
    private starInto(source: Output, target: FromItem): void {
        const only = source.open[0];
        if (source.open.length !== 1 || only === undefined || target.open.length > 0) {
            return;
        }
        for (const [name, term] of target.columns) {
            const column = this.unknowns.column(only, name, this.host.place(undefined));
            this.unknowns.meet(column, term, STRENGTH.assignment, "INSERT … SELECT *");
        }
    }

    private returning(list: readonly Node[], scope: Scope): Output {
        return this.targets(list, scope);
    }

    private assignments(list: readonly Node[] | undefined, target: FromItem, scope: Scope): void {
        for (const node of list ?? []) {
            if (!("ResTarget" in node)) {
                continue;
            }
            const set: ResTarget = node.ResTarget;
            const column = this.columnIn([target], set.name ?? "", this.host.place(set.location)) ?? NONE;
            const value = this.expression(set.val, scope);
            this.unknowns.meet(column, value, STRENGTH.assignment, "UPDATE … SET");
        }
    }

    update(statement: UpdateStmt, outer?: Scope): Output {
        const scope = child(outer);
        this.with(statement.withClause, scope);
        const target = this.target(statement.relation);
        if (target !== undefined) {
            scope.items.push(target);
        }
        for (const node of statement.fromClause ?? []) {
            this.from(node, scope);
        }
        if (target !== undefined) {
            this.assignments(statement.targetList, target, scope);
        }
        this.condition(statement.whereClause, scope);
        return this.returning(statement.returningClause?.exprs ?? [], scope);
    }

    remove(statement: DeleteStmt, outer?: Scope): Output {
        const scope = child(outer);
        this.with(statement.withClause, scope);
        const target = this.target(statement.relation);
        if (target !== undefined) {
            scope.items.push(target);
        }
        for (const node of statement.usingClause ?? []) {
            this.from(node, scope);
        }
        this.condition(statement.whereClause, scope);
        return this.returning(statement.returningClause?.exprs ?? [], scope);
    }

    merge(statement: MergeStmt, outer?: Scope): Output {
        const scope = child(outer);
        this.with(statement.withClause, scope);
        const target = this.target(statement.relation);
        if (target !== undefined) {
            scope.items.push(target);
        }
        if (statement.sourceRelation !== undefined) {
            this.from(statement.sourceRelation, scope);
        }
        this.condition(statement.joinCondition, scope);
        for (const node of statement.mergeWhenClauses ?? []) {
            if (!("MergeWhenClause" in node) || target === undefined) {
                continue;
            }
            const clause = node.MergeWhenClause;
            this.condition(clause.condition, scope);
            if (clause.commandType === "CMD_INSERT") {
                const names = (clause.targetList ?? []).flatMap((each) =>
                    "ResTarget" in each ? [each.ResTarget] : [],
                );
                (clause.values ?? []).forEach((value, index) => {
                    const column = names[index];
                    const into =
                        column === undefined
                            ? NONE
                            : (this.columnIn([target], column.name ?? "", this.host.place(column.location)) ?? NONE);
                    this.unknowns.meet(into, this.expression(value, scope), STRENGTH.assignment, "MERGE … INSERT");
                });
            } else {
                this.assignments(clause.targetList, target, scope);
            }
        }
        return this.returning(statement.returningClause?.exprs ?? [], scope);
    }

    // Expressions

    /** An expression that must be Boolean. */
    condition(node: Node | undefined, scope: Scope): void {
        if (node !== undefined) {
            this.unknowns.hint(this.expression(node, scope), builtIn("boolean"), STRENGTH.use, "used as a condition");
        }
    }

    expression(node: Node | undefined, scope: Scope): Term {
        if (node === undefined) {
            return NONE;
        }
        if ("ColumnRef" in node) {
            return this.column(node.ColumnRef, scope);
        }
        if ("A_Const" in node) {
            return constantTerm(node);
        }
        if ("TypeCast" in node) {
            const type = this.host.type(node.TypeCast.typeName);
            const inner = this.expression(node.TypeCast.arg, scope);
            // A cast to text can be made from anything, so it tells nothing.
            if (type.base !== "text" && type.base !== "varchar" && type.user === undefined) {
                this.unknowns.hint(inner, type, STRENGTH.cast, `cast to ${type.sql}`);
            }
            return { kind: "type", type };
        }
        if ("A_Expr" in node) {
            return this.operator(node.A_Expr, scope);
        }
        if ("BoolExpr" in node) {
            for (const arg of node.BoolExpr.args ?? []) {
                this.condition(arg, scope);
            }
            return BOOLEAN;
        }
        if ("FuncCall" in node) {
            return this.call(node.FuncCall, scope);
        }
        if ("SubLink" in node) {
            return this.subLink(node.SubLink, scope);
        }
        if ("CaseExpr" in node) {
            const test = node.CaseExpr.arg === undefined ? undefined : this.expression(node.CaseExpr.arg, scope);
            const results: Term[] = [];
            for (const each of node.CaseExpr.args ?? []) {
                if (!("CaseWhen" in each)) {
                    continue;
                }
                if (test === undefined) {
                    this.condition(each.CaseWhen.expr, scope);
                } else {
                    this.compare(test, this.expression(each.CaseWhen.expr, scope), "CASE");
                }
                results.push(this.expression(each.CaseWhen.result, scope));
            }
            if (node.CaseExpr.defresult !== undefined) {
                results.push(this.expression(node.CaseExpr.defresult, scope));
            }
            return this.unify(results, "CASE");
        }
        if ("CoalesceExpr" in node) {
            return this.unify(
                (node.CoalesceExpr.args ?? []).map((arg) => this.expression(arg, scope)),
                "COALESCE",
            );
        }
        if ("MinMaxExpr" in node) {
            return this.unify(
                (node.MinMaxExpr.args ?? []).map((arg) => this.expression(arg, scope)),
                "GREATEST or LEAST",
            );
        }
        if ("NullTest" in node) {
            this.expression(node.NullTest.arg, scope);
            return BOOLEAN;
        }
        if ("BooleanTest" in node) {
            this.condition(node.BooleanTest.arg, scope);
            return BOOLEAN;
        }
        if ("A_ArrayExpr" in node) {
            const element = this.unify(
                (node.A_ArrayExpr.elements ?? []).map((each) => this.expression(each, scope)),
                "ARRAY",
            );
            return element.kind === "type" && !element.type.array ? arrayOf(element.type) : NONE;
        }
        if ("A_Indirection" in node) {
            return this.indirection(node.A_Indirection.arg, node.A_Indirection.indirection ?? [], scope);
        }
        if ("SQLValueFunction" in node) {
            const op = node.SQLValueFunction.op ?? "";
            const type = op.includes("TIMESTAMP")
                ? op.includes("LOCAL")
                    ? "timestamp"
                    : "timestamptz"
                : op.includes("DATE")
                  ? "date"
                  : op.includes("TIME")
                    ? "timetz"
                    : "name";
            return known(type);
        }
        if ("CollateClause" in node) {
            const term = this.expression(node.CollateClause.arg, scope);
            this.unknowns.hint(term, TEXT, STRENGTH.use, "COLLATE");
            return term;
        }
        if ("NamedArgExpr" in node) {
            return this.expression(node.NamedArgExpr.arg, scope);
        }
        if ("MultiAssignRef" in node) {
            this.expression(node.MultiAssignRef.source, scope);
            return NONE;
        }
        if ("ParamRef" in node) {
            const variable = findVariable(scope, `$${node.ParamRef.number ?? 0}`);
            return variable?.kind === "scalar" ? variable.term : NONE;
        }
        if ("SelectStmt" in node) {
            this.select(node.SelectStmt, scope);
            return NONE;
        }
        this.parts(node, scope);
        return NONE;
    }

    /** Goes into a node of which nothing more is known: its parts still use columns. */
    private parts(node: unknown, scope: Scope): void {
        if (Array.isArray(node)) {
            for (const each of node) {
                this.parts(each, scope);
            }
            return;
        }
        if (typeof node !== "object" || node === null) {
            return;
        }
        for (const [name, value] of Object.entries(node)) {
            if (name === "ColumnRef") {
                this.column(value, scope);
            } else if (name === "FuncCall") {
                this.call(value, scope);
            } else if (name === "SubLink") {
                this.subLink(value, scope);
            } else {
                this.parts(value, scope);
            }
        }
    }

    private column(ref: ColumnRef, scope: Scope): Term {
        const names = strings(ref.fields);
        const place = this.host.place(ref.location);
        if (isStar(ref)) {
            for (const item of this.starItems(ref, scope)) {
                for (const id of item.open) {
                    this.unknowns.star(id, place);
                }
            }
            return NONE;
        }
        const name = names[names.length - 1] ?? "";
        const alias = names[names.length - 2];
        const schema = names[names.length - 3];
        if (alias !== undefined) {
            return this.qualifiedColumn(scope, schema, alias, name, place);
        }
        for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
            const merged = at.merged.get(name);
            if (merged !== undefined) {
                return merged;
            }
            for (const item of at.items) {
                const term = item.columns.get(name);
                if (term !== undefined) {
                    return term;
                }
            }
            const whole = at.items.find((item) => item.alias === name);
            if (whole !== undefined) {
                for (const id of whole.open) {
                    this.unknowns.star(id, place);
                }
                return NONE;
            }
            if (SYSTEM_COLUMNS.has(name) && at.items.length > 0) {
                return NONE;
            }
            const open = [...new Set(at.items.flatMap((item) => item.open))];
            if (open.length > 0) {
                // A parameter or variable of that name is the likelier reading.
                const variable = findVariable(scope, name);
                if (variable !== undefined) {
                    return variable.kind === "scalar" ? variable.term : NONE;
                }
                return this.unknowns.oneOf(open, name, place);
            }
        }
        const variable = findVariable(scope, name);
        return variable?.kind === "scalar" ? variable.term : NONE;
    }

    private qualifiedColumn(scope: Scope, schema: string | undefined, alias: string, name: string, place: Place): Term {
        for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
            const item = at.items.find(
                (each) =>
                    each.alias === alias &&
                    (schema === undefined || each.schema === undefined || each.schema === schema),
            );
            if (item !== undefined) {
                return this.fieldOf(item, name, place);
            }
        }
        const variable = findVariable(scope, alias);
        if (variable?.kind === "record") {
            return this.fieldOf(variable.item, name, place);
        }
        // `function.parameter`.
        const parameter = findVariable(scope, name);
        return parameter?.kind === "scalar" ? parameter.term : NONE;
    }

    private fieldOf(item: FromItem, name: string, place: Place): Term {
        const term = item.columns.get(name);
        if (term !== undefined) {
            return term;
        }
        if (item.open.length === 0 || SYSTEM_COLUMNS.has(name)) {
            return NONE;
        }
        return this.unknowns.oneOf(item.open, name, place);
    }

    private indirection(arg: Node | undefined, path: readonly Node[], scope: Scope): Term {
        // (alias).column is a column.
        const first = path[0];
        if (arg !== undefined && "ColumnRef" in arg && first !== undefined && "String" in first) {
            const names = strings(arg.ColumnRef.fields);
            const alias = names[0] ?? "";
            for (let at: Scope | undefined = scope; names.length === 1 && at !== undefined; at = at.parent) {
                const item = at.items.find((each) => each.alias === alias);
                if (item !== undefined) {
                    return this.fieldOf(item, first.String.sval ?? "", this.host.place(arg.ColumnRef.location));
                }
            }
        }
        const term = this.expression(arg, scope);
        const index = path.find((node) => "A_Indices" in node);
        if (index !== undefined) {
            this.parts(index, scope);
            if (term.kind === "type" && term.type.array && path.length === 1) {
                return { kind: "type", type: builtIn(term.type.base) };
            }
            this.unknowns.hint(term, builtIn("text[]"), STRENGTH.literal, "subscript");
        }
        return NONE;
    }

    private unify(terms: readonly Term[], reason: string): Term {
        const typed = terms.find((term) => term.kind === "type");
        const variable = terms.find((term) => term.kind === "var");
        const main = typed ?? variable ?? terms[0] ?? NONE;
        for (const term of terms) {
            if (term !== main) {
                // A number beside a column tells as much as in a comparison.
                this.unknowns.meet(
                    main,
                    term,
                    main.kind === "type" && isNumberLiteral(terms, main) ? STRENGTH.literal : STRENGTH.use,
                    reason,
                );
            }
        }
        return main;
    }

    private compare(a: Term, b: Term, reason: string, literal = false): void {
        this.unknowns.meet(a, b, literal ? STRENGTH.literal : STRENGTH.use, reason);
    }

    private operator(expr: A_Expr, scope: Scope): Term {
        const op = strings(expr.name).at(-1) ?? "";
        const kind = expr.kind ?? "AEXPR_OP";
        const left = expr.lexpr === undefined ? undefined : this.expression(listFirst(expr.lexpr), scope);
        if (kind === "AEXPR_IN" || kind.includes("BETWEEN")) {
            this.rowOf(expr.lexpr, scope);
            for (const node of items(expr.rexpr)) {
                const term = this.expression(node, scope);
                this.compare(left ?? NONE, term, kind === "AEXPR_IN" ? "IN" : "BETWEEN", isLiteral(node));
            }
            return BOOLEAN;
        }
        if (
            expr.lexpr !== undefined &&
            "RowExpr" in expr.lexpr &&
            expr.rexpr !== undefined &&
            "RowExpr" in expr.rexpr
        ) {
            const others = expr.rexpr.RowExpr.args ?? [];
            (expr.lexpr.RowExpr.args ?? []).forEach((each, index) => {
                this.compare(this.expression(each, scope), this.expression(others[index], scope), `${op} with a row`);
            });
            return BOOLEAN;
        }
        const right = this.expression(expr.rexpr, scope);
        const literal = isLiteral(expr.lexpr) || isLiteral(expr.rexpr);
        if (kind === "AEXPR_OP_ANY" || kind === "AEXPR_OP_ALL") {
            if (right.kind === "type" && right.type.array) {
                this.unknowns.hint(left ?? NONE, elementOf(right.type), STRENGTH.use, `${op} ANY`);
            } else if (left?.kind === "type") {
                this.unknowns.hint(right, arrayType(left.type), STRENGTH.use, `${op} ANY`);
            } else {
                this.unknowns.hint(right, builtIn("text[]"), STRENGTH.literal, `${op} ANY`);
            }
            return BOOLEAN;
        }
        if (kind === "AEXPR_LIKE" || kind === "AEXPR_ILIKE" || kind === "AEXPR_SIMILAR" || TEXT_OPERATORS.has(op)) {
            this.unknowns.hint(left ?? NONE, TEXT, STRENGTH.use, "LIKE or a regular expression");
            this.unknowns.hint(right, TEXT, STRENGTH.use, "LIKE or a regular expression");
            return BOOLEAN;
        }
        if (kind === "AEXPR_NULLIF") {
            this.compare(left ?? NONE, right, "NULLIF", literal);
            return left ?? NONE;
        }
        if (left === undefined) {
            if (op === "-" || op === "+") {
                this.unknowns.hint(right, builtIn("numeric"), STRENGTH.family, "arithmetic");
            }
            return right;
        }
        if (COMPARISONS.has(op) || kind === "AEXPR_DISTINCT" || kind === "AEXPR_NOT_DISTINCT") {
            this.compare(left, right, `compared by ${op}`, literal);
            return BOOLEAN;
        }
        if (JSON_OPERATORS.has(op)) {
            const json = isType(left, "json") ? left : known("jsonb");
            this.unknowns.hint(left, builtIn("jsonb"), STRENGTH.use, `operand of ${op}`);
            return op === "->>" || op === "#>>" ? known("text") : op.startsWith("?") || op === "@?" ? BOOLEAN : json;
        }
        if (op === "@>" || op === "<@" || op === "&&") {
            this.containment(left, right, op);
            return BOOLEAN;
        }
        if (op === "@@") {
            this.unknowns.hint(left, builtIn(isType(right, "jsonpath") ? "jsonb" : "tsvector"), STRENGTH.use, "@@");
            return BOOLEAN;
        }
        if (op === "||") {
            for (const [one, other] of [
                [left, right],
                [right, left],
            ] satisfies Array<[Term, Term]>) {
                if (
                    other.kind === "type" &&
                    (other.type.array || other.type.base === "jsonb" || other.type.base === "tsvector")
                ) {
                    this.unknowns.hint(one, other.type, STRENGTH.use, "||");
                }
            }
            const special = [left, right].find(
                (term) =>
                    term.kind === "type" &&
                    (term.type.array || ["jsonb", "tsvector", "bytea"].includes(term.type.base)),
            );
            return special ?? known("text");
        }
        return this.arithmetic(op, left, right, literal);
    }

    private rowOf(node: Node | undefined, scope: Scope): void {
        if (node !== undefined && "RowExpr" in node) {
            for (const each of node.RowExpr.args ?? []) {
                this.expression(each, scope);
            }
        }
    }

    private containment(left: Term, right: Term, op: string): void {
        for (const [one, other] of [
            [left, right],
            [right, left],
        ] satisfies Array<[Term, Term]>) {
            if (other.kind === "type") {
                const range = /^(?:int4|int8|num|ts|tstz|date)range$/.test(other.type.base);
                const scalar = !other.type.array && !range && other.type.base !== "jsonb";
                if (!scalar) {
                    this.unknowns.hint(one, other.type, STRENGTH.use, op);
                }
            } else if (other.kind === "literal") {
                const json = /^\s*(?:\{\s*(?:"|\})|\[)/.test(other.text ?? "");
                this.unknowns.hint(one, builtIn(json ? "jsonb" : "text[]"), STRENGTH.use, op);
            }
        }
        if (left.kind === "var" && right.kind === "var") {
            this.unknowns.meet(left, right, STRENGTH.use, op);
        }
    }

    private arithmetic(op: string, left: Term, right: Term, literal: boolean): Term {
        if (!["+", "-", "*", "/", "%", "^"].includes(op)) {
            return NONE;
        }
        for (const [one, other] of [
            [left, right],
            [right, left],
        ] satisfies Array<[Term, Term]>) {
            if (one.kind !== "var") {
                continue;
            }
            if (isType(other, "interval") && (op === "+" || op === "-")) {
                this.unknowns.hint(one, builtIn("timestamptz"), STRENGTH.use, "plus or minus an interval");
                return known("timestamptz");
            }
            if (other.kind === "type" && TIMES.has(other.type.base)) {
                if (op === "-") {
                    this.unknowns.hint(one, other.type, STRENGTH.use, "difference of times");
                    return known(other.type.base === "date" ? "integer" : "interval");
                }
                this.unknowns.hint(
                    one,
                    builtIn(other.type.base === "date" ? "integer" : "interval"),
                    STRENGTH.use,
                    "added to a time",
                );
                return other;
            }
            if (isType(other, "interval")) {
                this.unknowns.hint(one, builtIn("double precision"), STRENGTH.use, "times an interval");
                return known("interval");
            }
            if (other.kind === "type") {
                this.unknowns.hint(one, other.type, literal ? STRENGTH.literal : STRENGTH.cast, "arithmetic");
            }
            this.unknowns.hint(one, builtIn("numeric"), STRENGTH.family, "arithmetic");
        }
        const [a, b] = [left, right];
        if (a.kind === "type" && TIMES.has(a.type.base)) {
            if (op === "-" && b.kind === "type" && TIMES.has(b.type.base)) {
                return known(a.type.base === "date" && b.type.base === "date" ? "integer" : "interval");
            }
            return isType(b, "interval") && a.type.base === "date" ? known("timestamp") : a;
        }
        if (isType(a, "interval") || isType(b, "interval")) {
            return b.kind === "type" && TIMES.has(b.type.base) ? b : known("interval");
        }
        return a.kind === "type" ? a : b.kind === "type" ? b : NONE;
    }

    private subLink(link: SubLink, scope: Scope): Term {
        const output = link.subselect === undefined ? EMPTY : this.statement(link.subselect, scope);
        const type = link.subLinkType ?? "EXPR_SUBLINK";
        if (type === "EXISTS_SUBLINK") {
            return BOOLEAN;
        }
        if (type === "ANY_SUBLINK" || type === "ALL_SUBLINK") {
            const tests =
                link.testexpr !== undefined && "RowExpr" in link.testexpr
                    ? (link.testexpr.RowExpr.args ?? [])
                    : [link.testexpr];
            tests.forEach((test, index) => {
                const term = this.expression(test, scope);
                const column = output.columns[index];
                if (column !== undefined) {
                    this.compare(term, column.term, "IN (SELECT …)");
                }
            });
            return BOOLEAN;
        }
        const first = output.columns[0]?.term ?? NONE;
        if (type === "ARRAY_SUBLINK") {
            return first.kind === "type" && !first.type.array ? arrayOf(first.type) : NONE;
        }
        return first;
    }

    private call(call: FuncCall, scope: Scope): Term {
        const name = qualified(strings(call.funcname));
        const terms = (call.args ?? []).map((arg) => this.expression(arg, scope));
        for (const node of call.agg_order ?? []) {
            this.orderItem(node, scope, EMPTY);
        }
        this.condition(call.agg_filter, scope);
        for (const node of [...(call.over?.partitionClause ?? []), ...(call.over?.orderClause ?? [])]) {
            this.orderItem(node, scope, EMPTY);
        }
        const routines = this.host.routines(name);
        const routine =
            routines.find((each) => each.parameters.filter(({ mode }) => mode === "in").length === terms.length) ??
            routines[0];
        if (routine !== undefined) {
            this.calls.add(`${routine.schema}\0${routine.name}`);
            const inputs = routine.parameters.filter(({ mode }) => mode === "in");
            terms.forEach((term, index) => {
                const type = inputs[index]?.type;
                if (type !== undefined) {
                    this.unknowns.hint(term, type, STRENGTH.use, `argument of ${name.name}()`);
                }
            });
            return routine.result === undefined ? NONE : { kind: "type", type: routine.result };
        }
        if (name.name === "generate_series") {
            const stepped = terms.some((term) => isType(term, "interval"));
            const dated = terms.find((term) => term.kind === "type" && TIMES.has(term.type.base));
            const type = dated?.kind === "type" ? dated.type : builtIn(stepped ? "timestamptz" : "integer");
            terms.slice(0, stepped || dated !== undefined ? 2 : 3).forEach((term) => {
                this.unknowns.hint(term, type, STRENGTH.use, "argument of generate_series()");
            });
            return stepped ? known("timestamptz") : { kind: "type", type };
        }
        const signature = signatureOf(name.name);
        if (signature === undefined) {
            return NONE;
        }
        const reason = `argument of ${name.name}()`;
        if (signature.args[0] === "=") {
            // lag(x, 1, default): the offset is no value.
            const values =
                name.name === "lag" || name.name === "lead" ? terms.filter((_, index) => index !== 1) : terms;
            return this.unify(values, reason);
        }
        const rest = signature.args.at(-1) === "*" ? "*" : undefined;
        terms.forEach((term, index) => {
            const arg = signature.args[index] ?? rest ?? "?";
            if (arg === "#") {
                this.unknowns.hint(term, builtIn("numeric"), STRENGTH.family, reason);
            } else if (arg === "anyarray") {
                this.unknowns.hint(term, builtIn("text[]"), STRENGTH.literal, reason);
            } else if (arg === "geometry") {
                this.unknowns.hint(
                    term,
                    { sql: "geometry", base: "geometry", array: false, extension: "postgis" },
                    STRENGTH.use,
                    reason,
                );
            } else if (arg === "ltree" || arg === "hstore") {
                this.unknowns.hint(term, { sql: arg, base: arg, array: false, extension: arg }, STRENGTH.use, reason);
            } else if (arg === "1") {
                this.unknowns.meet(terms[0] ?? NONE, term, STRENGTH.use, reason);
            } else if (arg === "numeric" && name.name === "round" && terms.length === 1) {
                this.unknowns.hint(term, builtIn("numeric"), STRENGTH.family, reason);
            } else if (arg !== "*" && arg !== "?") {
                this.unknowns.hint(term, builtIn(arg), STRENGTH.use, reason);
            }
        });
        if (signature.result === "1" || signature.result === "2") {
            const same = terms[Number(signature.result) - 1] ?? NONE;
            return same.kind === "var" && signature.result === "2" ? known("timestamptz") : same;
        }
        if (signature.result === "=" || signature.result === "?") {
            const first = terms[0];
            return name.name === "unnest" && first?.kind === "type" && first.type.array
                ? { kind: "type", type: elementOf(first.type) }
                : NONE;
        }
        return known(signature.result);
    }
}

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

export function outputOf(relation: Relation): Output {
    const columns = relation.columns.map(
        (column): OutputColumn => ({
            name: column.name,
            term: { kind: "type", type: column.type },
        }),
    );
    if (relation.output !== undefined) {
        return { columns: [...relation.output.columns, ...columns], open: relation.output.open };
    }
    return {
        columns: [...relation.renamed, ...columns],
        open: relation.remote === undefined ? [] : [relation.remote],
    };
}

function withoutItems(scope: Scope): Scope {
    return { ...scope, items: [], merged: new Map() };
}

function isStar(ref: ColumnRef): boolean {
    const last = ref.fields?.at(-1);
    return last !== undefined && "A_Star" in last;
}

function listFirst(node: Node): Node {
    return "List" in node ? (node.List.items?.[0] ?? node) : node;
}

function isNumberLiteral(terms: readonly Term[], main: Term): boolean {
    // COALESCE(x, 0): the literal's own type is all that is known.
    return (
        terms.some((term) => term.kind === "var") &&
        main.kind === "type" &&
        /^(?:integer|numeric|bigint)$/.test(main.type.sql)
    );
}
