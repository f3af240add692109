/** What bodies of functions, procedures, triggers and DO blocks use of imported tables. */

import type { CreateFunctionStmt, DefElem, DoStmt, Node } from "libpg-query";
import { linesBefore, parseExpression, parseSql } from "../../upstreams/parser";
import { defElems, defText, items, strings } from "../parse/ast";
import { type PlRoutine, type PlStatement, plRoutine } from "../parse/plpgsql";
import type { Place } from "../report";
import { type ColumnType, printedType } from "../types";
import type { Parameter, Relation } from "./analysis";
import type { CatalogRoutine } from "./catalog";
import { onlyTarget, partlyConstant } from "./constants";
import { splitName } from "./names";
import type { Reader } from "./reader";
import { child, itemOf, type Scope, type Variable } from "./scope";
import { EMPTY, NONE, type Output, type Term, typed } from "./terms";
import { STRENGTH } from "./unknowns";
import { assignment, OnceAssigned } from "./variables";

/** Goes through a statement in a body; handed in, because statements hold bodies too. */
export type ReadStatement = (reader: Reader, node: Node, scope?: Scope) => Output;

/** A routine whose body is to be read. */
export interface Body {
    /** For people. */
    readonly name: string;
    readonly language: string;
    /** Empty for a body in SQL's own syntax (RETURN, BEGIN ATOMIC), which `parsed` is. */
    readonly text: string;
    readonly parsed?: Node;
    /** The statement that makes the routine, or the DO block. */
    readonly sql: string;
    readonly inputs: readonly Parameter[];
    readonly outputs: readonly Parameter[];
    readonly result: ColumnType;
    /** NEW and OLD. */
    readonly records: ReadonlyMap<string, Variable>;
    /** Place of a line of the body, from 0. */
    readonly at: (line: number) => Place;
}

const NO_RECORDS: ReadonlyMap<string, Variable> = new Map();

/** The place of a line of a body, from 0, in the statement that holds it. */
function placeIn(reader: Reader, body: string): (below: number) => Place {
    const { file, line } = reader.place();
    const at = body === "" ? -1 : reader.sql.indexOf(body);
    const first = line + (at < 0 ? 0 : reader.sql.slice(0, at).split("\n").length - 1);
    return (below) => ({ file, line: first + below });
}

export function readCreated(reader: Reader, statement: CreateFunctionStmt, read: ReadStatement): void {
    const options = defElems(statement.options);
    const option = (name: string) => options.find(({ defname }) => defname === name)?.arg;
    const text = items(option("as")).flatMap((node) => ("String" in node ? [node.String.sval ?? ""] : []))[0] ?? "";
    const inputs: Parameter[] = [];
    const outputs: Parameter[] = [];
    for (const node of statement.parameters ?? []) {
        if (!("FunctionParameter" in node)) {
            continue;
        }
        const { name = "", argType, mode = "" } = node.FunctionParameter;
        const parameter = { name, type: reader.rowType(argType) };
        if (mode !== "FUNC_PARAM_OUT" && mode !== "FUNC_PARAM_TABLE") {
            inputs.push(parameter);
        }
        if (mode === "FUNC_PARAM_OUT" || mode === "FUNC_PARAM_TABLE" || mode === "FUNC_PARAM_INOUT") {
            outputs.push(parameter);
        }
    }
    readBody(
        reader.at({ path: pathOption(options) ?? reader.context.path }),
        {
            name: strings(statement.funcname).at(-1) ?? "",
            language: (defText(option("language")) ?? "sql").toLowerCase(),
            text,
            sql: reader.sql,
            inputs,
            outputs,
            result: statement.returnType === undefined ? printedType("void") : reader.rowType(statement.returnType),
            records: NO_RECORDS,
            at: placeIn(reader, text),
            ...(statement.sql_body === undefined ? {} : { parsed: statement.sql_body }),
        },
        read,
    );
}

function pathOption(options: readonly DefElem[]): string[] | undefined {
    for (const { defname, arg } of options) {
        if (defname === "set" && arg !== undefined && "VariableSetStmt" in arg) {
            const { name, args } = arg.VariableSetStmt;
            if (name === "search_path" && args !== undefined) {
                return ["pg_catalog", ...args.flatMap((node) => defText(node) ?? [])];
            }
        }
    }
    return undefined;
}

export function readBlock(reader: Reader, statement: DoStmt, read: ReadStatement): void {
    const args = defElems(statement.args);
    const text = defText(args.find(({ defname }) => defname === "as")?.arg) ?? "";
    readBody(
        reader,
        {
            name: "DO",
            language: (defText(args.find(({ defname }) => defname === "language")?.arg) ?? "plpgsql").toLowerCase(),
            text,
            sql: reader.sql,
            inputs: [],
            outputs: [],
            result: printedType("void"),
            records: NO_RECORDS,
            at: placeIn(reader, text),
        },
        read,
    );
}

/** A routine as the catalog has it. `at` tells where the line of the body stands, from 0. */
export function readRoutine(
    reader: Reader,
    routine: CatalogRoutine,
    records: ReadonlyMap<string, Variable>,
    at: (below: number) => Place,
    read: ReadStatement,
): void {
    const { source } = routine;
    if (source !== undefined && source.body !== "") {
        const path = source.path === undefined ? reader.context.path : ["pg_catalog", ...source.path];
        readBody(
            reader.at({ path, place: () => at(0) }),
            { ...routine, ...source, text: source.body, records, at },
            read,
        );
    }
}

function readBody(reader: Reader, body: Body, read: ReadStatement): void {
    if (body.language === "sql") {
        readSqlBody(reader, body, read);
    } else if (body.language === "plpgsql") {
        const parsed = plRoutine(body.sql, body.text);
        if (parsed !== undefined) {
            new PlBody(reader, body, read).routine(parsed);
        }
    }
}

/** Parameters by name and position. */
function parametersOf(reader: Reader, { inputs, outputs }: Body): Map<string, Variable> {
    const variables = new Map<string, Variable>();
    for (const { name, type } of outputs) {
        variables.set(name, variableOf(reader, name, type));
    }
    inputs.forEach(({ name, type }, position) => {
        const variable = variableOf(reader, name, type);
        variables.set(`$${position + 1}`, variable);
        variables.set(name, variable);
    });
    variables.delete("");
    return variables;
}

function variableOf(reader: Reader, name: string, type: ColumnType): Variable {
    const relation = type.row === undefined || type.array ? undefined : reader.relation(type.row, reader.place());
    return relation === undefined ? { kind: "scalar", term: typed(type) } : record(name, relation);
}

function record(name: string, relation: Relation): Variable {
    return { kind: "record", item: itemOf(name, relation.output) };
}

function readSqlBody(reader: Reader, body: Body, read: ReadStatement): void {
    const scope: Scope = { ...child(undefined), variables: parametersOf(reader, body) };
    const inBody = reader.at(
        body.parsed === undefined ? { place: (location) => body.at(linesBefore(body.text, location)) } : {},
    );
    let nodes: readonly Node[];
    if (body.parsed === undefined) {
        const parsed = parseSql(body.text);
        nodes = "nodes" in parsed ? parsed.nodes : [];
    } else {
        nodes = "List" in body.parsed ? items(items(body.parsed)[0]) : [body.parsed];
    }
    let last: Output | undefined;
    for (const node of nodes) {
        if ("ReturnStmt" in node) {
            const term = inBody.analyzer.expression(node.ReturnStmt.returnval, scope);
            last = { columns: [{ name: "", term }], open: [] };
        } else {
            last = read(inBody, node, scope);
        }
    }
    if (last !== undefined) {
        returned(reader, body, last);
    }
}

/** What a routine returns must fit its declaration. */
function returned(reader: Reader, body: Body, output: Output): void {
    const reason = `returned by ${body.name}()`;
    const [open, ...others] = output.open;
    if (open !== undefined) {
        // SELECT * of one imported table: it has the declared columns, by name.
        const alone = others.length === 0 && output.columns.length === 0;
        const columns = alone ? body.outputs.map(({ name, type }) => ({ name, term: typed(type) })) : [];
        reader.analyzer.has(open, columns, reason);
        return;
    }
    const declared =
        body.outputs.length > 0 ? body.outputs.map(({ type }) => typed(type)) : resultColumns(reader, body);
    output.columns.forEach((column, position) => {
        reader.analyzer.meet(column.term, declared[position] ?? NONE, STRENGTH.assignment, reason);
    });
}

function resultColumns(reader: Reader, { result }: Body): Term[] {
    if (result.row !== undefined) {
        return reader.relation(result.row, reader.place())?.output.columns.map(({ term }) => term) ?? [];
    }
    return result.base === "void" || result.base === "record" ? [] : [typed(result)];
}

/** Goes through the statements of a PL/pgSQL body, whichever way they would run. */
class PlBody {
    private readonly variables: Map<string, Variable>;
    private constants: OnceAssigned | undefined;

    constructor(
        private readonly reader: Reader,
        private readonly body: Body,
        private readonly read: ReadStatement,
    ) {
        this.variables = new Map([...parametersOf(reader, body), ...body.records]);
    }

    routine(parsed: PlRoutine): void {
        this.constants = new OnceAssigned(parsed, this.reader.constants.evaluate);
        for (const { name, type } of parsed.variables) {
            if (!this.variables.has(name)) {
                this.variables.set(name, this.declared(name, type));
            }
        }
        this.statements(parsed.body);
    }

    private declared(name: string, type: string): Variable {
        const unknown: Variable = { kind: "scalar", term: NONE };
        const row = /^(.*)%rowtype$/i.exec(type.trim());
        if (row !== null) {
            const relation = this.reader.rows(row[1] ?? "");
            return relation === undefined ? unknown : record(name, relation);
        }
        const copied = /^(.*)%type$/i.exec(type.trim());
        if (copied !== null) {
            return { kind: "scalar", term: this.reader.columnNamed(splitName(copied[1] ?? "")) };
        }
        if (type === "record" || type === "") {
            return unknown;
        }
        const cast = onlyTarget(`NULL::${type}`);
        return cast !== undefined && "TypeCast" in cast
            ? variableOf(this.reader, name, this.reader.rowType(cast.TypeCast.typeName))
            : unknown;
    }

    private statements(list: readonly PlStatement[]): void {
        for (const statement of list) {
            this.statement(statement);
        }
    }

    private get scope(): Scope {
        return { ...child(undefined), variables: this.variables };
    }

    /** @param line of the body, from 1. */
    private at(line: number, sql: string): Reader {
        return this.reader.at({
            place: () => this.body.at(line - 1),
            sql,
            values: this.constants?.values ?? new Map(),
        });
    }

    private query(text: string, line: number): Output {
        const parsed = parseSql(text);
        const node = "nodes" in parsed ? parsed.nodes[0] : undefined;
        return node === undefined ? EMPTY : this.read(this.at(line, text), node, this.scope);
    }

    private expression(text: string, line: number): Term {
        const node = parseExpression(text);
        const output = node === undefined ? EMPTY : this.at(line, text).analyzer.statement(node, this.scope);
        return output.columns[0]?.term ?? NONE;
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
        names.forEach((name, position) => {
            const variable = this.variables.get(name);
            const column = output.columns[position];
            if (variable?.kind === "scalar" && column !== undefined && output.open.length === 0) {
                this.reader.analyzer.meet(column.term, variable.term, STRENGTH.cast, `assigned to ${name}`);
            }
        });
    }

    private statement({ kind, line, queries, targets, body }: PlStatement): void {
        for (const query of queries) {
            if (query.kind === "assignment") {
                this.assign(query.text, line);
            } else if (query.kind === "expression") {
                this.expression(query.text, line);
            } else {
                const dynamic = query.kind === "dynamic";
                const output = dynamic ? this.dynamic(query.text, line) : this.query(query.text, line);
                if (kind === "return_query") {
                    returned(this.at(line, query.text), this.body, output);
                }
                this.bind(targets, output);
            }
        }
        this.statements(body);
    }

    private assign(text: string, line: number): void {
        const split = assignment(text);
        if (split !== undefined) {
            const target = this.expression(split.target, line);
            this.reader.analyzer.meet(target, this.expression(split.value, line), STRENGTH.cast, "assignment");
            this.constants?.assign(split.target, split.value);
        }
    }

    /** EXECUTE of a text of which all but values is certain is as good as the statement itself. */
    private dynamic(text: string, line: number): Output {
        this.expression(text, line);
        const sql = partlyConstant(onlyTarget(text), this.at(line, text).constants);
        return sql === undefined ? EMPTY : this.query(sql.text, line);
    }
}
