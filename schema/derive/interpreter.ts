/** Hands each statement to its part of the interpreter, and notices what connects to a server. */

import type { CopyStmt, CreateTableAsStmt, Node, RangeVar, SelectStmt, VariableSetStmt, ViewStmt } from "libpg-query";
import { constText, defElems, defText, items, objectName, qualified, rangeName, strings } from "../parse/ast";
import { plRoutine } from "../parse/plpgsql";
import type { ReadStatement } from "../read/script";
import type { Source } from "../report";
import type { Analyzer } from "../usage/analyze";
import { outputOf } from "../usage/outputs";
import { child, itemOf } from "../usage/scope";
import { alterTable, rename, setSchema } from "./alter";
import { BlockRunner, catalogWorld } from "./blocks";
import { type Catalog, CURRENT_DATABASE, key, type Output, type Relation, type Routine } from "./catalog";
import { Database, placeOf, Shared, type Site } from "./database";
import { drop } from "./drop";
import { evaluate, type Value } from "./evaluate";
import {
    alterMapping,
    alterServer,
    createMapping,
    createServer,
    createWrapper,
    dropMapping,
    importSchema,
} from "./foreign";
import { Roles } from "./roles";
import { analyzeBlock, createRoutine, linesTo } from "./routines";
import { createTable } from "./tables";
import { alterEnum, createComposite, createDomain, createEnum, createRange, defineType } from "./typedefs";

const DATABASE_STATEMENTS = [
    "CreatedbStmt",
    "DropdbStmt",
    "AlterDatabaseStmt",
    "AlterDatabaseSetStmt",
    "AlterDatabaseRefreshCollStmt",
];
const QUERIES = ["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];

export class Interpreter {
    readonly shared: Shared;
    readonly roles = new Roles();
    readonly sources: Array<Omit<Source, "database"> & { label?: string }> = [];
    readonly databases = new Map<string | undefined, Database>();
    /** Routines that ran with constants. */
    readonly ran = new Set<string>();
    private readonly saved = new Map<Database, Catalog>();
    private depth = 0;

    constructor(devUser: string) {
        this.shared = new Shared(devUser);
    }

    database(label: string | undefined): Database {
        const known = this.databases.get(label);
        if (known !== undefined) {
            return known;
        }
        const created = new Database(this.shared, label);
        this.databases.set(label, created);
        return created;
    }

    session(): void {
        for (const db of this.databases.values()) {
            db.session();
        }
    }

    statement(read: ReadStatement): void {
        const db = this.database(read.database);
        if (this.runs(read, db)) {
            const label = read.database;
            this.sources.push({
                file: read.file,
                line: read.line,
                sql: read.sql,
                ...(label === undefined ? {} : { label }),
            });
        }
        if (read.rolledBack) {
            this.saved.set(db, structuredClone(db.catalog));
        }
        try {
            this.execute(db, read.node, read);
        } catch (error) {
            if (!(error instanceof RangeError)) {
                throw error;
            }
            this.shared.findings.add(
                "warning",
                "too-deep",
                "This statement is nested too deeply to be interpreted.",
                placeOf(read),
            );
        }
    }

    /** Statements about databases are not run: the dev database and the stubs are there already. */
    private runs(read: ReadStatement, db: Database): boolean {
        const { node } = read;
        const about =
            DATABASE_STATEMENTS.some((kind) => kind in node) ||
            ("GrantStmt" in node && node.GrantStmt.objtype === "OBJECT_DATABASE") ||
            ("CommentStmt" in node && node.CommentStmt.objtype === "OBJECT_DATABASE") ||
            ("AlterOwnerStmt" in node && node.AlterOwnerStmt.objectType === "OBJECT_DATABASE");
        if (about) {
            db.findings.add(
                "note",
                "database-statement",
                "Statements about databases are not run on a dev database; stub databases are made from what servers point to.",
                { file: read.file, line: read.line },
            );
            return false;
        }
        return !("CopyStmt" in node && node.CopyStmt.is_from === true && node.CopyStmt.filename === undefined);
    }

    execute(db: Database, node: Node, site: Site): void {
        this.roles.see(node, site, db.label);
        if (QUERIES.some((kind) => kind in node)) {
            this.query(db, node, site);
        } else if ("CreateStmt" in node) {
            createTable(db, site, node.CreateStmt);
        } else if ("CreateForeignTableStmt" in node) {
            const statement = node.CreateForeignTableStmt;
            if (statement.base !== undefined) {
                createTable(db, site, statement.base, statement);
            }
        } else if ("CreateForeignServerStmt" in node) {
            createServer(db, site, node.CreateForeignServerStmt);
        } else if ("AlterForeignServerStmt" in node) {
            alterServer(db, site, node.AlterForeignServerStmt);
        } else if ("CreateUserMappingStmt" in node) {
            createMapping(db, site, node.CreateUserMappingStmt);
        } else if ("AlterUserMappingStmt" in node) {
            alterMapping(db, site, node.AlterUserMappingStmt);
        } else if ("DropUserMappingStmt" in node) {
            dropMapping(db, node.DropUserMappingStmt);
        } else if ("CreateFdwStmt" in node) {
            createWrapper(db, site, node.CreateFdwStmt);
        } else if ("ImportForeignSchemaStmt" in node) {
            importSchema(db, site, node.ImportForeignSchemaStmt);
        } else if ("AlterTableStmt" in node) {
            alterTable(db, site, node.AlterTableStmt);
        } else if ("RenameStmt" in node) {
            rename(db, site, node.RenameStmt);
        } else if ("AlterObjectSchemaStmt" in node) {
            setSchema(db, site, node.AlterObjectSchemaStmt);
        } else if ("DropStmt" in node) {
            drop(db, node.DropStmt);
        } else if ("CreateEnumStmt" in node) {
            createEnum(db, site, node.CreateEnumStmt);
        } else if ("AlterEnumStmt" in node) {
            alterEnum(db, node.AlterEnumStmt);
        } else if ("CreateDomainStmt" in node) {
            createDomain(db, site, node.CreateDomainStmt);
        } else if ("CompositeTypeStmt" in node) {
            createComposite(db, site, node.CompositeTypeStmt);
        } else if ("CreateRangeStmt" in node) {
            createRange(db, site, node.CreateRangeStmt);
        } else if ("DefineStmt" in node) {
            defineType(db, site, node.DefineStmt);
        } else if ("CreateFunctionStmt" in node) {
            createRoutine(db, site, node.CreateFunctionStmt);
        } else if ("ViewStmt" in node) {
            this.view(db, site, node.ViewStmt);
        } else if ("CreateTableAsStmt" in node) {
            this.tableAs(db, site, node.CreateTableAsStmt);
        } else if ("RefreshMatViewStmt" in node) {
            const relation = db.relation(rangeName(node.RefreshMatViewStmt.relation), placeOf(site));
            if (relation !== undefined && node.RefreshMatViewStmt.skipData !== true) {
                db.connect(
                    db.reach(relation.reads, relation.calls),
                    site,
                    `REFRESH MATERIALIZED VIEW ${relation.name}`,
                );
            }
        } else if ("DoStmt" in node) {
            this.block(db, site, node);
        } else if ("CallStmt" in node) {
            this.call(
                db,
                site,
                node.CallStmt.funccall === undefined ? undefined : { FuncCall: node.CallStmt.funccall },
            );
        } else if ("CreateSchemaStmt" in node) {
            db.substance += 1;
            const role = node.CreateSchemaStmt.authrole?.rolename ?? this.shared.devUser;
            const name = node.CreateSchemaStmt.schemaname ?? role;
            db.catalog.schemas.set(name, placeOf(site));
            const path = db.path;
            db.path = [name, ...path];
            for (const element of node.CreateSchemaStmt.schemaElts ?? []) {
                this.execute(db, element, site);
            }
            db.path = path;
        } else if ("CreateExtensionStmt" in node) {
            const schema = defText(
                defElems(node.CreateExtensionStmt.options).find(({ defname }) => defname === "schema")?.arg,
            );
            db.catalog.extensions.set(node.CreateExtensionStmt.extname ?? "", schema ?? "public");
        } else if ("VariableSetStmt" in node) {
            this.setting(db, node.VariableSetStmt, site);
        } else if ("DiscardStmt" in node) {
            db.session();
        } else if ("TransactionStmt" in node) {
            const kind = node.TransactionStmt.kind;
            if (kind === "TRANS_STMT_COMMIT" || kind === "TRANS_STMT_ROLLBACK") {
                db.endTransaction();
            }
            const saved = this.saved.get(db);
            if (kind === "TRANS_STMT_ROLLBACK" && saved !== undefined) {
                db.catalog = saved;
                this.saved.delete(db);
            }
        } else {
            this.uses(db, node, site);
        }
    }

    /** Statements that only mention relations, or connect to them. */
    private uses(db: Database, node: Node, site: Site): void {
        const relations = (ranges: ReadonlyArray<RangeVar | undefined>) =>
            ranges.flatMap((range) =>
                range === undefined ? [] : (db.relation(rangeName(range), placeOf(site, range.location)) ?? []),
            );
        const connect = (found: readonly Relation[], what: string) =>
            db.connect(
                db.reach(
                    found.map(({ id }) => id),
                    [],
                ),
                site,
                what,
            );
        if ("CopyStmt" in node) {
            this.copy(db, node.CopyStmt, site);
        } else if ("VacuumStmt" in node) {
            const analyze =
                node.VacuumStmt.is_vacuumcmd !== true ||
                defElems(node.VacuumStmt.options).some(({ defname }) => defname === "analyze");
            const ranges = (node.VacuumStmt.rels ?? []).flatMap((each) =>
                "VacuumRelation" in each ? [each.VacuumRelation.relation] : [],
            );
            // ANALYZE of a parent reaches its foreign children; ANALYZE without a name passes foreign tables over.
            if (analyze) {
                connect(relations(ranges), "ANALYZE");
            }
        } else if ("TruncateStmt" in node) {
            connect(
                relations(
                    (node.TruncateStmt.relations ?? []).map((each) => ("RangeVar" in each ? each.RangeVar : undefined)),
                ),
                "TRUNCATE",
            );
        } else if ("IndexStmt" in node) {
            const relation = relations([node.IndexStmt.relation])[0];
            if (relation !== undefined) {
                const analyzer = db.analyzer(site);
                const scope = child(undefined);
                scope.items.push(itemOf(relation.name, outputOf(relation)));
                for (const each of node.IndexStmt.indexParams ?? []) {
                    const element = "IndexElem" in each ? each.IndexElem : undefined;
                    if (element?.name !== undefined) {
                        analyzer.expression({ ColumnRef: { fields: [{ String: { sval: element.name } }] } }, scope);
                    }
                    analyzer.expression(element?.expr, scope);
                }
                analyzer.condition(node.IndexStmt.whereClause, scope);
            }
        } else if ("CommentStmt" in node) {
            const names = strings(items(node.CommentStmt.object));
            if (node.CommentStmt.objtype === "OBJECT_COLUMN") {
                const column = names.pop() ?? "";
                const relation = db.relation(qualified(names), placeOf(site));
                if (relation?.remote !== undefined && !relation.columns.some(({ name }) => name === column)) {
                    db.unknowns.column(relation.remote, column, placeOf(site));
                }
            } else if (
                node.CommentStmt.objtype === "OBJECT_FOREIGN_TABLE" ||
                node.CommentStmt.objtype === "OBJECT_TABLE"
            ) {
                db.relation(objectName(node.CommentStmt.object), placeOf(site));
            }
        } else if ("GrantStmt" in node) {
            if (node.GrantStmt.objtype === "OBJECT_TABLE" && node.GrantStmt.targtype === "ACL_TARGET_OBJECT") {
                const found = relations(
                    (node.GrantStmt.objects ?? []).map((each) => ("RangeVar" in each ? each.RangeVar : undefined)),
                );
                const columns = (node.GrantStmt.privileges ?? []).flatMap((each) =>
                    "AccessPriv" in each ? strings(each.AccessPriv.cols) : [],
                );
                for (const relation of found) {
                    for (const column of relation.remote === undefined ? [] : columns) {
                        db.unknowns.column(relation.remote ?? -1, column, placeOf(site));
                    }
                }
            }
        } else if ("CreateTrigStmt" in node) {
            const relation = relations([node.CreateTrigStmt.relation])[0];
            const routine = db.routines(qualified(strings(node.CreateTrigStmt.funcname)))[0];
            if (relation !== undefined) {
                const name = qualified(strings(node.CreateTrigStmt.funcname));
                db.catalog.triggers.push({
                    relation: relation.id,
                    routine:
                        routine === undefined
                            ? key(name.schema ?? "public", name.name)
                            : key(routine.schema, routine.name),
                });
            }
        } else if ("ExplainStmt" in node && node.ExplainStmt.query !== undefined) {
            this.query(db, node.ExplainStmt.query, site, "EXPLAIN");
        } else if ("PrepareStmt" in node && node.PrepareStmt.query !== undefined) {
            this.query(db, node.PrepareStmt.query, site, "PREPARE");
        } else if ("DeclareCursorStmt" in node && node.DeclareCursorStmt.query !== undefined) {
            this.query(db, node.DeclareCursorStmt.query, site, "DECLARE CURSOR");
        } else if ("AlterOwnerStmt" in node || "AlterDefaultPrivilegesStmt" in node || "CreateRoleStmt" in node) {
            return;
        } else if ("LockStmt" in node) {
            relations((node.LockStmt.relations ?? []).map((each) => ("RangeVar" in each ? each.RangeVar : undefined)));
        }
    }

    private copy(db: Database, statement: CopyStmt, site: Site): void {
        if (statement.query !== undefined) {
            this.query(db, statement.query, site, "COPY");
            return;
        }
        const relation =
            statement.relation === undefined ? undefined : db.relation(rangeName(statement.relation), placeOf(site));
        if (relation === undefined || relation.kind !== "foreign") {
            return;
        }
        for (const column of relation.remote === undefined ? [] : strings(statement.attlist)) {
            db.unknowns.column(relation.remote ?? -1, column, placeOf(site));
        }
        if (statement.is_from !== true || statement.filename !== undefined) {
            db.connect([relation], site, "COPY");
        }
    }

    /** SELECT and DML: they connect to what they read and write. */
    private query(db: Database, node: Node, site: Site, what?: string): void {
        if ("SelectStmt" in node) {
            if (this.configures(db, node.SelectStmt)) {
                return;
            }
            const targets = node.SelectStmt.targetList ?? [];
            if (node.SelectStmt.fromClause === undefined) {
                for (const target of targets) {
                    this.call(db, site, "ResTarget" in target ? target.ResTarget.val : undefined);
                }
            }
            if (node.SelectStmt.intoClause !== undefined && site.inBlock !== true) {
                const { intoClause, ...query } = node.SelectStmt;
                this.tableAs(db, site, { query: { SelectStmt: query }, into: intoClause, objtype: "OBJECT_TABLE" });
                return;
            }
        }
        if (site.inBlock === true) {
            // Names can be variables here; the block's own analysis knows them. What it reads may be anything.
            const reach = [...db.catalog.relations.values()].filter(({ kind }) => kind === "foreign");
            db.connect(reach, site, "", false);
            return;
        }
        const analyzer = db.analyzer(site);
        analyzer.statement(node);
        this.retry(db, site, node, analyzer);
        const reach = db.reach(analyzer.reads, analyzer.calls);
        const verb = what ?? Object.keys(node)[0]?.replace("Stmt", "").toUpperCase() ?? "A query";
        db.connect(reach, site, verb, analyzer.calls.size === 0);
    }

    /** A query over relations that come later is looked at again when all is read. */
    private retry(db: Database, site: Site, node: Node, analyzer: Analyzer): void {
        if (
            analyzer.missing.some(
                ({ schema, name }) =>
                    schema !== "pg_catalog" && schema !== "information_schema" && !name.startsWith("pg_"),
            )
        ) {
            const path = db.path;
            db.postpone(() => {
                db.analyzer(site, path).statement(node);
            });
        }
    }

    /** `SELECT set_config('search_path', …)`, as dumps have it. */
    private configures(db: Database, select: SelectStmt): boolean {
        const target = select.targetList?.[0];
        const call = target !== undefined && "ResTarget" in target ? target.ResTarget.val : undefined;
        if (call === undefined || !("FuncCall" in call) || strings(call.FuncCall.funcname).at(-1) !== "set_config") {
            return false;
        }
        const [name, value] = (call.FuncCall.args ?? []).map((arg) => constText(arg));
        if (name?.toLowerCase() === "search_path" && value !== undefined) {
            db.path = splitPath(value);
        }
        return true;
    }

    private setting(db: Database, statement: VariableSetStmt, site: Site): void {
        const name = statement.name ?? "";
        const reset = statement.kind !== "VAR_SET_VALUE";
        const values = (statement.args ?? []).flatMap((node) => constText(node) ?? []);
        if (statement.is_local === true) {
            db.setLocal();
        }
        if (statement.kind === "VAR_RESET_ALL") {
            db.session();
        } else if (name === "search_path") {
            db.path = reset ? ["public"] : values.flatMap((value) => (value === "" ? [] : [value]));
        } else if (name === "role" || name === "session_authorization") {
            const role = reset || values[0] === "none" || values[0] === "default" ? undefined : values[0];
            db.role = role === this.shared.devUser ? undefined : role;
            if (role !== undefined) {
                this.roles.mention(role, placeOf(site));
            }
        } else if (name === "check_function_bodies") {
            db.checkBodies = reset || !/^(?:f|false|off|no|0)$/i.test(values[0] ?? "");
        }
    }

    private view(db: Database, site: Site, statement: ViewStmt): void {
        db.substance += 1;
        const name = rangeName(statement.view);
        const schema = statement.view?.relpersistence === "t" ? "pg_temp" : db.creationSchema(name);
        const relation = this.derived(db, site, schema, name.name, "view", statement.replace === true);
        const path = db.path;
        const analyze = (): boolean => {
            const analyzer = db.analyzer(site, path);
            const output =
                statement.query === undefined ? { columns: [], open: [] } : analyzer.statement(statement.query);
            relation.output = renamed(output, strings(statement.aliases));
            relation.reads = [...analyzer.reads];
            relation.calls = [...analyzer.calls];
            return analyzer.missing.length > 0;
        };
        if (analyze()) {
            db.postpone(analyze);
        }
    }

    private derived(
        db: Database,
        site: Site,
        schema: string,
        name: string,
        kind: "view" | "matview" | "table",
        replace: boolean,
    ): Relation {
        const before = db.catalog.relations.get(key(schema, name));
        if (before !== undefined && replace && before.kind === kind) {
            before.place = placeOf(site);
            return before;
        }
        return db.add({
            schema,
            name,
            kind,
            place: placeOf(site),
            columns: [],
            parents: [],
            missingParents: [],
            options: new Map(),
        });
    }

    private tableAs(db: Database, site: Site, statement: CreateTableAsStmt): void {
        db.substance += 1;
        const into = statement.into;
        const name = rangeName(into?.rel);
        const schema = into?.rel?.relpersistence === "t" ? "pg_temp" : db.creationSchema(name);
        const materialized = statement.objtype === "OBJECT_MATVIEW";
        if (statement.if_not_exists === true && db.catalog.relations.has(key(schema, name.name))) {
            return;
        }
        const path = db.path;
        const analyzer = db.analyzer(site, path);
        const query = statement.query;
        const output = query === undefined ? { columns: [], open: [] } : analyzer.statement(query);
        const relation = this.derived(db, site, schema, name.name, materialized ? "matview" : "table", false);
        const columns = strings(into?.colNames);
        relation.output = renamed(output, columns);
        relation.reads = materialized ? [...analyzer.reads] : [];
        relation.calls = materialized ? [...analyzer.calls] : [];
        if (analyzer.missing.length > 0 && query !== undefined) {
            db.postpone(() => {
                const again = db.analyzer(site, path);
                relation.output = renamed(again.statement(query), columns);
            });
        }
        if (into?.skipData !== true) {
            const what = materialized ? `Materialized view ${name.name}` : `CREATE TABLE ${name.name} AS`;
            db.connect(db.reach(analyzer.reads, analyzer.calls), site, what, analyzer.calls.size === 0);
        }
    }

    private block(db: Database, site: Site, node: Node): void {
        const args = "DoStmt" in node ? defElems(node.DoStmt.args) : [];
        const body = defText(args.find(({ defname }) => defname === "as")?.arg) ?? "";
        const language = defText(args.find(({ defname }) => defname === "language")?.arg) ?? "plpgsql";
        const routine = language.toLowerCase() === "plpgsql" ? plRoutine(site.sql, body) : undefined;
        const matters = /\b(?:server|foreign|user\s+mapping)\b/i.test(body);
        if (routine === undefined) {
            if (matters) {
                this.shared.findings.add(
                    "warning",
                    "dynamic-unknown",
                    "This DO block names foreign servers or tables and cannot be understood.",
                    placeOf(site),
                );
            }
            return;
        }
        const bodyLine = site.line + linesTo(site.sql, body);
        const runner = this.runner(db, site, bodyLine);
        runner.records = new Set(routine.variables.filter(({ type }) => type === "record").map(({ name }) => name));
        runner.routine(routine, new Map());
        analyzeBlock(db, site, routine, body, bodyLine);
    }

    private runner(db: Database, site: Site, bodyLine: number): BlockRunner {
        return new BlockRunner(db, site, bodyLine, catalogWorld(db, CURRENT_DATABASE, this.roles), (node, inner) => {
            this.depth += 1;
            if (this.depth < 10) {
                this.execute(db, node, inner);
            }
            this.depth -= 1;
        });
    }

    /** A routine called with constants, whose body makes foreign objects, runs like a DO block. */
    private call(db: Database, site: Site, node: Node | undefined): void {
        if (node === undefined || !("FuncCall" in node)) {
            return;
        }
        const name = qualified(strings(node.FuncCall.funcname));
        const args = node.FuncCall.args ?? [];
        const routine: Routine | undefined = db
            .routines(name)
            .find((each) => each.parameters.filter(({ mode }) => mode === "in").length >= args.length);
        if (routine?.body === undefined || !/\b(?:server|foreign|user\s+mapping|role)\b/i.test(routine.body)) {
            return;
        }
        this.ran.add(key(routine.schema, routine.name));
        const world = catalogWorld(db, CURRENT_DATABASE, this.roles);
        const values = new Map<string, Value>();
        const inputs = routine.parameters.filter(({ mode }) => mode === "in");
        args.forEach((arg, index) => {
            const named = "NamedArgExpr" in arg ? arg.NamedArgExpr : undefined;
            const value = evaluate(named === undefined ? arg : named.arg, site.environment ?? new Map(), world);
            const parameter = named === undefined ? inputs[index]?.name : named.name;
            if (value !== undefined) {
                values.set(`$${index + 1}`, value);
                if (parameter !== undefined && parameter !== "") {
                    values.set(parameter, value);
                }
            }
        });
        const parsed = routine.language === "plpgsql" ? plRoutine(routine.sql, routine.body) : undefined;
        if (parsed !== undefined) {
            this.runner(db, { ...site, file: routine.file }, routine.bodyLine).routine(parsed, values);
        }
    }
}

function renamed(output: Output, names: readonly string[]): Output {
    return {
        open: output.open,
        columns: output.columns.map((column, index) => ({
            name: output.open.length === 0 ? (names[index] ?? column.name) : column.name,
            term: column.term,
        })),
    };
}

/** A search_path as one text: names between commas, in quotes or in any case. */
function splitPath(text: string): string[] {
    return (text.match(/"(?:[^"]|"")*"|[^,]+/g) ?? [])
        .map((part) => part.trim())
        .filter((part) => part !== "")
        .map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase()));
}
