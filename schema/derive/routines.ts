/** CREATE FUNCTION, and what function bodies use of imported tables. */

import type { CreateFunctionStmt, Node } from "libpg-query";
import { parseExpression, parseSql } from "../../upstreams/parser";
import { defElems, items, qualified, strings } from "../parse/ast";
import { type PlRoutine, type PlStatement, plRoutine } from "../parse/plpgsql";
import type { Analyzer } from "../usage/analyze";
import { splitName } from "../usage/names";
import { outputOf } from "../usage/outputs";
import { child, itemOf, type Scope, type Variable } from "../usage/scope";
import { STRENGTH } from "../usage/unknowns";
import { key, type Output, type Relation, type Routine, type Term } from "./catalog";
import { assignment, Constants, plainWorld } from "./constants";
import { type Database, placeOf, type Site } from "./database";
import { sqlText } from "./sqltext";
import type { ColumnType } from "./types";

export function createRoutine(db: Database, site: Site, statement: CreateFunctionStmt): void {
    db.substance += 1;
    const written = qualified(strings(statement.funcname));
    const schema = db.creationSchema(written);
    const options = defElems(statement.options);
    const option = (name: string) => options.find(({ defname }) => defname === name)?.arg;
    const language = option("language");
    const body = items(option("as")).flatMap((node) => ("String" in node ? [node.String.sval ?? ""] : []))[0];
    const routine: Routine = {
        schema,
        name: written.name,
        language: language !== undefined && "String" in language ? (language.String.sval ?? "").toLowerCase() : "sql",
        sql: site.sql,
        bodyLine: site.line + linesTo(site.sql, body),
        file: site.file,
        parameters: [],
        setof: statement.returnType?.setof === true,
        path: pathOption(options) ?? db.path,
        place: placeOf(site),
    };
    if (body !== undefined) {
        routine.body = body;
    }
    for (const node of statement.parameters ?? []) {
        if (!("FunctionParameter" in node)) {
            continue;
        }
        const { name = "", argType, mode } = node.FunctionParameter;
        const type = rowAware(db, db.type(argType), site);
        if (mode !== "FUNC_PARAM_OUT" && mode !== "FUNC_PARAM_TABLE") {
            routine.parameters.push({ name, type, mode: "in" });
        }
        if (mode === "FUNC_PARAM_OUT" || mode === "FUNC_PARAM_TABLE" || mode === "FUNC_PARAM_INOUT") {
            routine.parameters.push({ name, type, mode: "out" });
        }
    }
    if (statement.returnType !== undefined) {
        routine.result = rowAware(db, db.type(statement.returnType), site);
    }
    const mark = key(schema, written.name);
    const others = (db.catalog.routines.get(mark) ?? []).filter((each) => inputs(each) !== inputs(routine));
    db.catalog.routines.set(mark, [...others, routine]);
    if (routine.language !== "sql") {
        return;
    }
    // PostgreSQL checks the body of an SQL function when it is created, unless it was told not to.
    const analyze = () => analyzeSqlRoutine(db, routine, statement.sql_body);
    if (db.checkBodies) {
        const missing = analyze();
        if (missing) {
            db.postpone(analyze);
        }
    } else {
        db.postpone(analyze);
    }
}

function inputs(routine: Routine): string {
    return routine.parameters
        .filter(({ mode }) => mode === "in")
        .map(({ type }) => type.sql)
        .join(",");
}

export function linesTo(sql: string, body: string | undefined): number {
    const at = body === undefined ? -1 : sql.indexOf(body);
    return at < 0 ? 0 : sql.slice(0, at).split("\n").length - 1;
}

function pathOption(options: ReturnType<typeof defElems>): string[] | undefined {
    for (const { defname, arg } of options) {
        if (
            defname === "set" &&
            arg !== undefined &&
            "VariableSetStmt" in arg &&
            arg.VariableSetStmt.name === "search_path"
        ) {
            return (arg.VariableSetStmt.args ?? []).flatMap((node) =>
                "A_Const" in node && node.A_Const.sval !== undefined ? [node.A_Const.sval.sval ?? ""] : [],
            );
        }
    }
    return undefined;
}

/** `SETOF staging.orders` names a table: an imported one comes to be by that. */
function rowAware(db: Database, type: ColumnType, site: Site): ColumnType {
    if (type.unknown === true) {
        db.relation(qualified(splitName(type.base)), placeOf(site));
    }
    return type;
}

function parameterScope(db: Database, routine: Routine): { scope: Scope; variables: Map<string, Variable> } {
    const variables = new Map<string, Variable>();
    let position = 0;
    for (const parameter of routine.parameters) {
        const variable = variableOf(db, parameter.name, parameter.type, routine);
        if (parameter.mode === "in") {
            position += 1;
            variables.set(`$${position}`, variable);
        }
        if (parameter.name !== "") {
            variables.set(parameter.name, variable);
        }
    }
    return { scope: { ...child(undefined), variables }, variables };
}

function variableOf(db: Database, name: string, type: ColumnType, routine: Routine): Variable {
    if (type.unknown === true && !type.array) {
        const relation = db.relation(qualified(splitName(type.base)), routine.place, routine.path);
        if (relation !== undefined) {
            return { kind: "record", item: itemOf(name, outputOf(relation)) };
        }
    }
    return { kind: "scalar", term: { kind: "type", type } };
}

function bodySite(routine: Routine, line: number): Site {
    return { file: routine.file, line, sql: routine.body ?? "", lineAt: () => line };
}

/** @returns true where relations are missing that may come later. */
function analyzeSqlRoutine(db: Database, routine: Routine, body: Node | undefined): boolean {
    const analyzer = db.analyzer(
        {
            file: routine.file,
            line: routine.bodyLine,
            sql: routine.body ?? routine.sql,
            lineAt: (location) =>
                routine.body === undefined ? routine.place.line : routine.bodyLine + lineIn(routine.body, location),
        },
        routine.path,
    );
    const { scope } = parameterScope(db, routine);
    let nodes: readonly Node[] = [];
    if (routine.body !== undefined) {
        const parsed = parseSql(routine.body);
        nodes = "nodes" in parsed ? parsed.nodes : [];
    } else if (body !== undefined) {
        nodes = "List" in body ? items(items(body)[0]) : [body];
    }
    let last: Output | undefined;
    for (const node of nodes) {
        const inner = "ReturnStmt" in node ? node.ReturnStmt.returnval : node;
        if ("ReturnStmt" in node) {
            last = { columns: [{ name: "", term: analyzer.expression(inner, scope) }], open: [] };
        } else if (inner !== undefined) {
            last = analyzer.statement(inner, scope);
        }
    }
    if (last !== undefined) {
        returned(db, routine, last);
    }
    return analyzer.missing.length > 0;
}

function lineIn(text: string, location: number | undefined): number {
    return location === undefined || location <= 0 ? 0 : text.slice(0, location).split("\n").length - 1;
}

/** What a routine returns must fit its declaration. */
function returned(db: Database, routine: Routine, output: Output): void {
    const outs: Term[] = routine.parameters
        .filter(({ mode }) => mode === "out")
        .map(({ type }) => ({ kind: "type", type }));
    const declared = outs.length > 0 ? outs : resultColumns(db, routine);
    if (output.open.length > 0) {
        // SELECT * of one imported table: it has the declared columns, by name where they have one.
        const [only] = output.open;
        const names = routine.parameters.filter(({ mode }) => mode === "out");
        if (only !== undefined && output.open.length === 1 && output.columns.length === 0) {
            for (const { name, type } of names) {
                const column = db.unknowns.column(only, name, routine.place);
                db.unknowns.hint(column, type, STRENGTH.assignment, `returned by ${routine.name}()`);
            }
        }
        return;
    }
    output.columns.forEach((column, index) => {
        const type = declared[index];
        if (type !== undefined) {
            db.unknowns.meet(column.term, type, STRENGTH.assignment, `returned by ${routine.name}()`);
        }
    });
}

function resultColumns(db: Database, routine: Routine): Term[] {
    if (routine.result === undefined) {
        return [];
    }
    if (routine.result.unknown === true) {
        const relation = db.relation(qualified(splitName(routine.result.base)), routine.place, routine.path);
        return relation === undefined ? [] : outputOf(relation).columns.map(({ term }) => term);
    }
    return [{ kind: "type", type: routine.result }];
}

/** What a PL/pgSQL body uses; `records` are NEW and OLD of a trigger. */
export function analyzePlRoutine(db: Database, routine: Routine, records: ReadonlyMap<string, Relation>): void {
    if (routine.body === undefined || routine.language !== "plpgsql") {
        return;
    }
    const parsed = plRoutine(routine.sql, routine.body);
    if (parsed !== undefined) {
        const { variables } = parameterScope(db, routine);
        for (const [name, relation] of records) {
            variables.set(name, { kind: "record", item: itemOf(name, outputOf(relation)) });
        }
        new BodyAnalyzer(db, routine, variables).routine(parsed);
    }
}

/** What a DO block uses. */
export function analyzeBlock(db: Database, site: Site, parsed: PlRoutine, body: string, bodyLine: number): void {
    const routine: Routine = {
        schema: "",
        name: "DO",
        language: "plpgsql",
        body,
        sql: site.sql,
        bodyLine,
        file: site.file,
        parameters: [],
        setof: false,
        path: db.path,
        place: placeOf(site),
    };
    new BodyAnalyzer(db, routine, new Map()).routine(parsed);
}

class BodyAnalyzer {
    private constants: Constants | undefined;

    constructor(
        private readonly db: Database,
        private readonly from: Routine,
        private readonly variables: Map<string, Variable>,
    ) {}

    routine(parsed: PlRoutine): void {
        this.constants = new Constants(parsed, plainWorld(this.db.shared.devUser));
        for (const variable of parsed.variables) {
            if (!this.variables.has(variable.name)) {
                this.variables.set(variable.name, this.declared(variable.name, variable.type));
            }
        }
        this.body(parsed.body);
    }

    private declared(name: string, type: string): Variable {
        const unknown: Variable = { kind: "scalar", term: { kind: "none" } };
        const row = /^(.*)%rowtype$/i.exec(type.trim());
        if (row !== null) {
            const relation = this.db.relation(qualified(splitName(row[1] ?? "")), this.from.place, this.from.path);
            return relation === undefined ? unknown : { kind: "record", item: itemOf(name, outputOf(relation)) };
        }
        const copied = /^(.*)%type$/i.exec(type.trim());
        if (copied !== null) {
            const parts = splitName(copied[1] ?? "");
            const column = parts.pop() ?? "";
            const relation =
                parts.length === 0 ? undefined : this.db.relation(qualified(parts), this.from.place, this.from.path);
            if (relation === undefined) {
                return unknown;
            }
            const output = outputOf(relation);
            const known = output.columns.find((each) => each.name === column)?.term;
            const [open] = output.open;
            return {
                kind: "scalar",
                term:
                    known ??
                    (open === undefined ? { kind: "none" } : this.db.unknowns.column(open, column, this.from.place)),
            };
        }
        if (type === "record" || type === "") {
            return unknown;
        }
        const parsed = parseSql(`SELECT NULL::${type}`);
        const node = "nodes" in parsed ? parsed.nodes[0] : undefined;
        const target = node !== undefined && "SelectStmt" in node ? node.SelectStmt.targetList?.[0] : undefined;
        const value = target !== undefined && "ResTarget" in target ? target.ResTarget.val : undefined;
        return value !== undefined && "TypeCast" in value
            ? variableOf(this.db, name, this.db.type(value.TypeCast.typeName, this.from.path), this.from)
            : unknown;
    }

    private body(statements: readonly PlStatement[]): void {
        for (const statement of statements) {
            this.statement(statement);
        }
    }

    private scope(): Scope {
        return { ...child(undefined), variables: this.variables };
    }

    private analyzer(line: number): Analyzer {
        const site = bodySite(this.from, this.from.bodyLine + line - 1);
        const environment = new Map(this.constants?.environment);
        return this.db.analyzer({ ...site, environment }, this.from.path);
    }

    private query(text: string, line: number): Output {
        const parsed = parseSql(text);
        const node = "nodes" in parsed ? parsed.nodes[0] : undefined;
        return node === undefined ? { columns: [], open: [] } : this.analyzer(line).statement(node, this.scope());
    }

    private expression(text: string, line: number): Term {
        const node = parseExpression(text);
        const output = node === undefined ? undefined : this.analyzer(line).statement(node, this.scope());
        return output?.columns[0]?.term ?? { kind: "none" };
    }

    /** INTO and FOR: a record takes the whole row, variables take its columns. */
    private bind(names: readonly string[], output: Output): void {
        const [only] = names;
        const known = only === undefined ? undefined : this.variables.get(only);
        if (
            names.length === 1 &&
            only !== undefined &&
            (known?.kind === "record" || (known?.kind === "scalar" && known.term.kind === "none"))
        ) {
            if (output.columns.length > 0 || output.open.length > 0) {
                this.variables.set(only, { kind: "record", item: itemOf(only, output) });
            }
            return;
        }
        names.forEach((name, index) => {
            const variable = this.variables.get(name);
            const column = output.columns[index];
            if (variable?.kind === "scalar" && column !== undefined && output.open.length === 0) {
                this.db.unknowns.meet(column.term, variable.term, STRENGTH.cast, `assigned to ${name}`);
            }
        });
    }

    private statement(statement: PlStatement): void {
        const { line } = statement;
        switch (statement.kind) {
            case "block":
                this.body(statement.body);
                this.body(statement.handlers);
                return;
            case "if":
                for (const branch of statement.branches) {
                    this.expression(branch.cond, line);
                    this.body(branch.body);
                }
                this.body(statement.otherwise);
                return;
            case "sql":
                this.bind(statement.into ?? [], this.query(statement.query, line));
                return;
            case "perform":
                this.query(statement.query, line);
                return;
            case "execute":
                this.dynamic(statement.query, line);
                for (const param of statement.params) {
                    this.expression(param, line);
                }
                return;
            case "for-integer":
                for (const text of [statement.lower, statement.upper]) {
                    this.expression(text, line);
                }
                this.body(statement.body);
                return;
            case "for-query": {
                const output = statement.dynamic
                    ? this.dynamic(statement.query, line)
                    : this.query(statement.query, line);
                this.bind(statement.variables, output);
                this.body(statement.body);
                return;
            }
            case "foreach":
                this.expression(statement.expr, line);
                this.body(statement.body);
                return;
            case "assign": {
                const split = assignment(statement.text);
                if (split !== undefined) {
                    const target = this.expression(split.target, line);
                    this.db.unknowns.meet(target, this.expression(split.value, line), STRENGTH.cast, "assignment");
                    this.constants?.assign(split.target, split.value);
                }
                return;
            }
            case "return-query": {
                const output = statement.dynamic
                    ? this.dynamic(statement.query, line)
                    : this.query(statement.query, line);
                returned(this.db, this.from, output);
                return;
            }
            case "return":
                if (statement.expr !== undefined) {
                    this.expression(statement.expr, line);
                }
                return;
            default:
                for (const query of statement.queries) {
                    if (query.kind === "statement") {
                        this.query(query.text, line);
                    } else if (query.kind === "expression") {
                        this.expression(query.text, line);
                    }
                }
                this.body(statement.body);
        }
    }

    /** EXECUTE of a text of which all but values is certain is as good as the statement itself. */
    private dynamic(text: string, line: number): Output {
        const node = parseExpression(text);
        const target = node !== undefined && "SelectStmt" in node ? node.SelectStmt.targetList?.[0] : undefined;
        const value = target !== undefined && "ResTarget" in target ? target.ResTarget.val : undefined;
        this.expression(text, line);
        const environment = this.constants?.environment ?? new Map();
        const sql = sqlText(value, environment, plainWorld(this.db.shared.devUser));
        return sql === undefined ? { columns: [], open: [] } : this.query(sql.text, line);
    }
}
