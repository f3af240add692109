/**
 * Runs DO blocks and procedures called with constants, as far as every step is certain: conditions over what exists,
 * loops over constants, `EXECUTE` of constant texts. What is not certain and names foreign objects is reported.
 */

import type { Node, SelectStmt } from "libpg-query";
import { parseSql } from "../../upstreams/parser";
import { constText, items, qualified, strings } from "../parse/ast";
import type { PlRoutine, PlStatement } from "../parse/plpgsql";
import { splitName } from "../usage/names";
import type { Database, Site } from "./database";
import { type Environment, evaluate, evaluateText, type Value, type World } from "./evaluate";

/** Runs one statement of the block. */
export type RunStatement = (node: Node, site: Site) => void;

const FOREIGN = /\b(?:create|alter|drop)\s+(?:server|foreign|user\s+mapping)\b|\bimport\s+foreign\s+schema\b/i;
const MAX_STEPS = 20_000;

export class BlockRunner {
    private steps = 0;
    private readonly reported = new Set<number>();

    constructor(
        private readonly db: Database,
        private readonly site: Site,
        /** Line of the file on which the body starts. */
        private readonly bodyLine: number,
        private readonly world: World,
        private readonly run: RunStatement,
    ) {}

    /** Runs a routine; `parameters` are its arguments where they are known. */
    routine(routine: PlRoutine, parameters: Environment): void {
        const environment = new Map<string, Value>(parameters);
        for (const variable of routine.variables) {
            if (variable.fallback !== undefined && !environment.has(variable.name)) {
                const value = evaluateText(variable.fallback, environment, this.world);
                if (value !== undefined) {
                    environment.set(variable.name, value);
                }
            }
        }
        this.body(routine.body, environment, false);
    }

    private body(statements: readonly PlStatement[], environment: Map<string, Value>, guarded: boolean): void {
        for (const statement of statements) {
            this.steps += 1;
            if (this.steps > MAX_STEPS) {
                return;
            }
            this.statement(statement, environment, guarded);
        }
    }

    private at(line: number, sql: string, guarded: boolean, environment: Environment | undefined): Site {
        const start = this.bodyLine + line - 1;
        return {
            file: this.site.file,
            line: start,
            sql,
            guarded,
            ...(environment === undefined ? {} : { inBlock: true, environment: new Map(environment) }),
            lineAt: () => start,
        };
    }

    private report(line: number, what: string, reason: string): void {
        if (!this.reported.has(line)) {
            this.reported.add(line);
            this.db.findings.add(
                "warning",
                "dynamic-unknown",
                `${what} names foreign servers or tables, and ${reason}; it is seen and not understood. Declare what it makes in the configuration.`,
                { file: this.site.file, line: this.bodyLine + line - 1 },
                "fdw-stub:upstreams: [{ host: …, database: …, tables: [{ name: …, columns: [{ name: …, type: … }] }] }]",
            );
        }
    }

    /** @param environment for a statement of the block itself; an executed text knows no variables. */
    private sql(text: string, line: number, guarded: boolean, environment?: Environment): void {
        const parsed = parseSql(text);
        if ("error" in parsed) {
            if (FOREIGN.test(text)) {
                this.report(line, "This statement", `it does not parse (${parsed.error})`);
            }
            return;
        }
        for (const node of parsed.nodes) {
            this.run(node, this.at(line, text, guarded, environment));
        }
    }

    private statement(statement: PlStatement, environment: Map<string, Value>, guarded: boolean): void {
        switch (statement.kind) {
            case "block":
                this.body(statement.body, environment, guarded || statement.guarded);
                return;
            case "sql":
                this.sql(statement.query, statement.line, guarded, environment);
                this.into(statement.into, statement.query, environment);
                return;
            case "perform":
                this.sql(statement.query, statement.line, guarded, environment);
                return;
            case "execute": {
                const value = evaluateText(statement.query, environment, this.world);
                if (typeof value === "string") {
                    this.sql(value, statement.line, guarded);
                } else if (this.foreignText(statement.query, environment)) {
                    this.report(statement.line, "This EXECUTE", "its text depends on what is known only at run time");
                }
                for (const name of statement.into ?? []) {
                    environment.delete(name);
                }
                return;
            }
            case "assign": {
                const split = /^([\w.]+)\s*(?::=|=)\s*([\s\S]*)$/.exec(statement.text);
                if (split !== null) {
                    this.assign(split[1] ?? "", evaluateText(split[2] ?? "", environment, this.world), environment);
                }
                return;
            }
            case "if":
                this.condition(statement, environment, guarded);
                return;
            case "for-integer": {
                const bounds = [statement.lower, statement.upper, statement.step ?? "1"].map((text) =>
                    evaluateText(text, environment, this.world),
                );
                const [lower, upper, step] = bounds;
                if (typeof lower !== "number" || typeof upper !== "number" || typeof step !== "number" || step <= 0) {
                    this.unknownLoop(statement.line, statement.body, environment);
                    return;
                }
                const sign = statement.reverse ? -step : step;
                for (let i = lower; statement.reverse ? i >= upper : i <= upper; i += sign) {
                    if (this.steps > MAX_STEPS) {
                        return;
                    }
                    environment.set(statement.variable, i);
                    this.body(statement.body, environment, guarded);
                }
                environment.delete(statement.variable);
                return;
            }
            case "foreach": {
                const value = evaluateText(statement.expr, environment, this.world);
                if (!Array.isArray(value)) {
                    this.unknownLoop(statement.line, statement.body, environment);
                    return;
                }
                for (const each of value) {
                    environment.set(statement.variable, each);
                    this.body(statement.body, environment, guarded);
                }
                environment.delete(statement.variable);
                return;
            }
            case "for-query": {
                const rows = statement.dynamic ? undefined : constantRows(statement.query, environment, this.world);
                if (rows === undefined) {
                    this.unknownLoop(statement.line, statement.body, environment);
                    return;
                }
                for (const row of rows) {
                    const [only] = statement.variables;
                    if (statement.variables.length === 1 && only !== undefined) {
                        environment.set(
                            only,
                            row.size === 1 && !this.isRecord(only) ? ([...row.values()][0] ?? null) : { fields: row },
                        );
                    } else {
                        [...row.values()].forEach((value, index) => {
                            environment.set(statement.variables[index] ?? "", value);
                        });
                    }
                    this.body(statement.body, environment, guarded);
                }
                for (const name of statement.variables) {
                    environment.delete(name);
                }
                return;
            }
            case "other":
                if (statement.body.length > 0) {
                    this.unknownLoop(statement.line, statement.body, environment);
                }
                return;
            default:
                return;
        }
    }

    /** Names of variables that are records. */
    records: ReadonlySet<string> = new Set();

    private isRecord(name: string): boolean {
        return this.records.has(name);
    }

    private assign(name: string, value: Value | undefined, environment: Map<string, Value>): void {
        if (value === undefined) {
            environment.delete(name);
        } else {
            environment.set(name, value);
        }
    }

    private into(names: readonly string[] | undefined, query: string, environment: Map<string, Value>): void {
        if (names === undefined) {
            return;
        }
        const rows = constantRows(query, environment, this.world);
        const values = rows?.length === 1 ? [...(rows[0]?.values() ?? [])] : [];
        names.forEach((name, index) => {
            this.assign(name, values[index], environment);
        });
    }

    private condition(
        statement: Extract<PlStatement, { kind: "if" }>,
        environment: Map<string, Value>,
        guarded: boolean,
    ): void {
        for (const branch of statement.branches) {
            const tests = evaluateText(branch.cond, environment, this.world);
            if (tests === true) {
                // The condition holds now; on a server that has the object already, the body would be passed over.
                this.body(
                    branch.body,
                    environment,
                    guarded || /\bexists\b|\bfound\b|\bnull\b|\bcount\b/i.test(branch.cond),
                );
                return;
            }
            if (tests !== false && tests !== null) {
                if (
                    this.foreignBody(
                        [branch, { cond: "", body: statement.otherwise }].flatMap((each) => each.body),
                        environment,
                    )
                ) {
                    this.report(
                        statement.line,
                        "This IF",
                        `whether (${short(branch.cond)}) holds is known only at run time`,
                    );
                }
                return;
            }
        }
        this.body(statement.otherwise, environment, guarded);
    }

    private unknownLoop(line: number, body: readonly PlStatement[], environment: Environment): void {
        if (this.foreignBody(body, environment)) {
            this.report(line, "This loop", "what it loops over is known only at run time");
        }
    }

    private foreignBody(body: readonly PlStatement[], environment: Environment): boolean {
        return body.some((statement) => {
            switch (statement.kind) {
                case "sql":
                    return FOREIGN.test(statement.query);
                case "execute":
                    return this.foreignText(statement.query, environment);
                case "if":
                    return [...statement.branches.flatMap((each) => each.body), ...statement.otherwise].some((each) =>
                        this.foreignBody([each], environment),
                    );
                case "block":
                case "other":
                case "for-integer":
                case "for-query":
                case "foreach":
                    return this.foreignBody(statement.body, environment);
                default:
                    return false;
            }
        });
    }

    private foreignText(expression: string, environment: Environment): boolean {
        if (FOREIGN.test(expression)) {
            return true;
        }
        return [...environment].some(
            ([name, value]) =>
                typeof value === "string" &&
                FOREIGN.test(value) &&
                new RegExp(`\\b${name.replace(/\W/g, "\\$&")}\\b`).test(expression),
        );
    }
}

function short(text: string): string {
    const line = text.replace(/\s+/g, " ");
    return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

/** Rows of a query without tables: constants, VALUES, unnest and generate_series of constants. */
function constantRows(query: string, environment: Environment, world: World): Array<Map<string, Value>> | undefined {
    const parsed = parseSql(query);
    const node = "nodes" in parsed ? parsed.nodes[0] : undefined;
    if (node === undefined || !("SelectStmt" in node)) {
        return undefined;
    }
    return selectRows(node.SelectStmt, environment, world);
}

function selectRows(select: SelectStmt, environment: Environment, world: World): Array<Map<string, Value>> | undefined {
    if (select.whereClause !== undefined || select.groupClause !== undefined || select.withClause !== undefined) {
        return undefined;
    }
    if (select.valuesLists !== undefined && select.valuesLists.length > 0) {
        return rowsOf(
            select.valuesLists.map((list) => items(list).map((each) => evaluate(each, environment, world))),
            [],
        );
    }
    const from = select.fromClause ?? [];
    if (from.length === 0) {
        const row = new Map<string, Value>();
        for (const [index, target] of (select.targetList ?? []).entries()) {
            const value = "ResTarget" in target ? evaluate(target.ResTarget.val, environment, world) : undefined;
            if (value === undefined || !("ResTarget" in target)) {
                return undefined;
            }
            // unnest() and generate_series() in the list make rows.
            if (Array.isArray(value) && (select.targetList ?? []).length === 1) {
                return value.map((each) => new Map([[target.ResTarget.name ?? "column", each]]));
            }
            row.set(target.ResTarget.name ?? `column${index + 1}`, value);
        }
        return [row];
    }
    const only = from[0];
    if (from.length !== 1 || only === undefined) {
        return undefined;
    }
    let rows: Array<Map<string, Value>> | undefined;
    if (
        "RangeSubselect" in only &&
        only.RangeSubselect.subquery !== undefined &&
        "SelectStmt" in only.RangeSubselect.subquery
    ) {
        rows = selectRows(only.RangeSubselect.subquery.SelectStmt, environment, world);
        const names = strings(only.RangeSubselect.alias?.colnames);
        rows = rows?.map(
            (row) => new Map([...row].map(([name, value], index): [string, Value] => [names[index] ?? name, value])),
        );
    } else if ("RangeFunction" in only) {
        const call = items(only.RangeFunction.functions?.[0])[0];
        const values = evaluate(call, environment, world);
        const name = strings(only.RangeFunction.alias?.colnames)[0] ?? only.RangeFunction.alias?.aliasname ?? "column";
        rows = Array.isArray(values) ? values.map((value) => new Map([[name, value]])) : undefined;
    }
    const targets = select.targetList ?? [];
    const first = targets[0];
    const star =
        first !== undefined &&
        "ResTarget" in first &&
        first.ResTarget.val !== undefined &&
        "ColumnRef" in first.ResTarget.val &&
        (first.ResTarget.val.ColumnRef.fields ?? []).some((each) => "A_Star" in each);
    if (rows === undefined || (star && targets.length === 1)) {
        return rows;
    }
    const projected: Array<Map<string, Value>> = [];
    for (const row of rows) {
        const scope = new Map([...environment, ...row]);
        const out = new Map<string, Value>();
        for (const [index, target] of targets.entries()) {
            const value = "ResTarget" in target ? evaluate(target.ResTarget.val, scope, world) : undefined;
            if (value === undefined || !("ResTarget" in target)) {
                return undefined;
            }
            const ref = target.ResTarget.val;
            const name = ref !== undefined && "ColumnRef" in ref ? strings(ref.ColumnRef.fields).at(-1) : undefined;
            out.set(target.ResTarget.name ?? name ?? `column${index + 1}`, value);
        }
        projected.push(out);
    }
    return projected;
}

function rowsOf(
    values: ReadonlyArray<ReadonlyArray<Value | undefined>>,
    names: readonly string[],
): Array<Map<string, Value>> | undefined {
    const rows: Array<Map<string, Value>> = [];
    for (const list of values) {
        const row = new Map<string, Value>();
        for (const [index, value] of list.entries()) {
            if (value === undefined) {
                return undefined;
            }
            row.set(names[index] ?? `column${index + 1}`, value);
        }
        rows.push(row);
    }
    return rows;
}

/** Answers EXISTS over the system catalogs from what was read. */
export function catalogWorld(db: Database, database: string, roles: { has(name: string): boolean }): World {
    return {
        database,
        user: db.role ?? db.shared.devUser,
        relation: (name) => db.relation(qualified(splitName(name)), { file: "", line: 0 }) !== undefined,
        exists(query, environment) {
            if (!("SelectStmt" in query)) {
                return undefined;
            }
            const select = query.SelectStmt;
            const from = select.fromClause?.[0];
            if (select.fromClause?.length !== 1 || from === undefined || !("RangeVar" in from)) {
                return undefined;
            }
            const world = catalogWorld(db, database, roles);
            const conditions = equalities(select.whereClause, environment, world);
            if (conditions === undefined) {
                return undefined;
            }
            const value = (...names: string[]) =>
                names.map((name) => conditions.get(name)).find((each) => each !== undefined);
            switch (from.RangeVar.relname) {
                case "pg_foreign_server":
                case "foreign_servers": {
                    const name = value("srvname", "foreign_server_name");
                    return name === undefined ? undefined : db.catalog.servers.has(name);
                }
                case "pg_foreign_data_wrapper": {
                    const name = value("fdwname");
                    return name === undefined
                        ? undefined
                        : db.catalog.wrappers.has(name) || (name === "postgres_fdw" && db.catalog.extensions.has(name));
                }
                case "pg_roles":
                case "pg_authid":
                case "pg_user":
                case "pg_group":
                case "pg_shadow": {
                    const name = value("rolname", "usename", "groname");
                    return name === undefined ? undefined : roles.has(name);
                }
                case "pg_extension": {
                    const name = value("extname");
                    return name === undefined ? undefined : db.catalog.extensions.has(name);
                }
                case "pg_namespace":
                case "schemata": {
                    const name = value("nspname", "schema_name");
                    return name === undefined ? undefined : name === "public" || db.catalog.schemas.has(name);
                }
                case "pg_user_mappings":
                case "user_mappings": {
                    const server = value("srvname", "foreign_server_name");
                    const user = value("usename", "authorization_identifier");
                    return server === undefined
                        ? undefined
                        : [...db.catalog.mappings.values()].some(
                              (each) =>
                                  each.server === server &&
                                  (user === undefined ||
                                      each.role === user ||
                                      (user === "public" && each.role === "public")),
                          );
                }
                case "pg_type": {
                    const name = value("typname");
                    return name === undefined
                        ? undefined
                        : [...db.catalog.types.values()].some((type) => type.name === name);
                }
                case "pg_class":
                case "pg_tables":
                case "pg_views":
                case "pg_matviews":
                case "tables":
                case "foreign_tables": {
                    const name = value(
                        "relname",
                        "tablename",
                        "table_name",
                        "viewname",
                        "matviewname",
                        "foreign_table_name",
                    );
                    const schema = value("schemaname", "table_schema", "foreign_table_schema");
                    return name === undefined
                        ? undefined
                        : [...db.catalog.relations.values()].some(
                              (each) => each.name === name && (schema === undefined || each.schema === schema),
                          );
                }
                case "pg_database": {
                    const name = value("datname");
                    return name === undefined ? undefined : true;
                }
                default:
                    return undefined;
            }
        },
    };
}

/** `a = 'x' AND b = 'y'` as names and values; undefined where there is anything else. */
function equalities(where: Node | undefined, environment: Environment, world: World): Map<string, string> | undefined {
    const found = new Map<string, string>();
    if (where === undefined) {
        return found;
    }
    const parts = "BoolExpr" in where && where.BoolExpr.boolop === "AND_EXPR" ? (where.BoolExpr.args ?? []) : [where];
    for (const part of parts) {
        if (!("A_Expr" in part) || strings(part.A_Expr.name)[0] !== "=") {
            return undefined;
        }
        const left = part.A_Expr.lexpr;
        const name = left !== undefined && "ColumnRef" in left ? strings(left.ColumnRef.fields).at(-1) : undefined;
        const value = constText(part.A_Expr.rexpr) ?? evaluate(part.A_Expr.rexpr, environment, world);
        if (name === undefined || typeof value !== "string") {
            return undefined;
        }
        found.set(name, value);
    }
    return found;
}
