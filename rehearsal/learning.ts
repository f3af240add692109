/** A pass in which whatever the schema asks for is answered, and everything that it asks for is learnt. */

import type { ReadStatement, StatementOutcome } from "../schema/read/statement";
import { isUnreadable } from "../schema/read/unreadable";
import type { Place } from "../schema/report";
import type { Upstream } from "../schema/usage/unknowns";
import { Usage } from "../schema/usage/usage";
import { parseConninfo } from "../upstreams/conninfo";
import { parseSql } from "../upstreams/parser";
import { quoteLiteral } from "../upstreams/quote";
import { prepareAnswers } from "./answers";
import { Cluster } from "./cluster";
import { mirrorSql, type RehearsalServer } from "./container";
import { type Facts, noFacts, noteFact } from "./facts";
import { importsInText } from "./imports";
import { type Knowledge, plainNames } from "./knowledge";
import { mendOf } from "./mend";
import { Mender } from "./mender";
import { blockLine, type MirrorNotice, mirrorNotice, quotedStatement } from "./notices";
import { Provider } from "./provider";
import { failureOf, outcomeOf, runStatement, Sessions, told } from "./running";
import { addressOf, databasesOf, databasesOfServer } from "./servers";
import type { Session } from "./session";
import type { StubTable } from "./stubs";
import { subscriptionsIn } from "./subscriptions";

/** How often a statement is mended and run again. */
const MAX_MENDS = 50;
/** Statements that connect to nothing, whatever they call. */
const QUIET =
    /^(?:CREATE (?:TABLE|INDEX|UNIQUE|TYPE|DOMAIN|FUNCTION|PROCEDURE|OR|VIEW|SCHEMA|EXTENSION|SEQUENCE|ROLE|USER|SERVER|FOREIGN|TRIGGER|POLICY)|ALTER|COMMENT|GRANT|REVOKE|SET|DROP|BEGIN|COMMIT)\b/;

/** SQLSTATEs by which the schema itself keeps us from looking: a failed transaction, privileges, timeouts. */
const NO_LOOK = /^(?:25P02|42501|57)/;

/** Statements after which the effective schemas are the same. */
const KEEPS_PATH =
    /^(?:CREATE (?:TABLE|INDEX|UNIQUE|TYPE|DOMAIN|FUNCTION|PROCEDURE|OR|VIEW|MATERIALIZED|EXTENSION|SEQUENCE|FOREIGN|TRIGGER|POLICY)|ALTER (?:TABLE|FOREIGN|INDEX|SEQUENCE|VIEW|FUNCTION)|COMMENT|GRANT|REVOKE|BEGIN|INSERT|UPDATE|DELETE|COPY)\b/;

export interface LearningPlan {
    readonly devDatabase: string;
    /** SQL that fills each stub, by database. */
    readonly stubs: ReadonlyMap<string, string>;
    /** Tables that the user's own declaration makes, by database: their columns stay as they are. */
    readonly given: ReadonlyMap<string, readonly StubTable[]>;
    /** Tables of the stubs that contracts make, by database: there are no others, and no other columns. */
    readonly frozen: ReadonlyMap<string, readonly StubTable[]>;
    readonly knowledge: Knowledge;
    /** Statements that every fresh database starts from. */
    readonly baseline: readonly string[];
    /** Settings of the server beside its own. */
    readonly settings?: Readonly<Record<string, string>>;
}

/** What is in the catalogs when a pass has ended. */
export interface EndState {
    /** Names of the servers that are there. */
    readonly servers: ReadonlySet<string>;
    /** `server\0role` of the mappings that are there. */
    readonly mappings: ReadonlySet<string>;
    /** Databases of the cluster, but the templates and the one under development. */
    readonly databases: readonly string[];
    /** Roles that the schema made. */
    readonly createdRoles: ReadonlySet<string>;
}

/** Runs the statements of one pass. */
export class LearningPass {
    readonly facts: Facts = noFacts();
    private readonly sessions: Sessions;
    private readonly cluster: Cluster;
    private readonly mender: Mender;
    private readonly provider: Provider;
    private readonly usage: Usage;
    /** Foreign tables whose stub was locked, as they were declared, in order. */
    private readonly unmirrored: Array<{ database: string; table: string }> = [];
    private readonly withMirror = new Set<string>();
    /** Databases in which foreign objects were declared. */
    readonly foreignIn = new Set<string>();
    /** Databases that the script connected to by name. */
    readonly scripted = new Set<string>();
    private place: Place = { file: "", line: 1 };
    private current: ReadStatement | undefined;
    /** Effective schemas of the session; undefined after what may have changed them. */
    private searchPath: readonly string[] | undefined;
    /** Imports or dblink are used: then statements tell columns that nobody declares. */
    private usageCounts = false;

    constructor(
        private readonly server: RehearsalServer,
        private readonly plan: LearningPlan,
    ) {
        this.sessions = new Sessions((database) => this.connect(database));
        this.cluster = new Cluster(server);
        this.provider = new Provider(this.cluster, plan.knowledge, this.facts, plan.devDatabase, plan.given);
        this.mender = new Mender(
            server.answering,
            this.cluster,
            plan.knowledge,
            this.facts,
            async (session) => this.usageCounts && this.provider.provide(this.usage.settle().tables, session, false),
        );
        this.usage = new Usage(
            (sql) => this.look(sql),
            (upstream, schema, table) => this.givenTable(upstream, schema, table),
            (upstream) => addressOf(this.facts, upstream),
        );
    }

    /** Starts a fresh cluster with the stubs and an empty database. */
    async begin(): Promise<void> {
        const { server, plan } = this;
        const { answering } = server;
        await server.fresh(plan.settings);
        answering.onConnection = ({ password, ...connection }) => {
            this.facts.connections.push({
                ...connection,
                ...(password === null ? {} : { password }),
                place: this.place,
            });
        };
        const { knowledge } = plan;
        await prepareAnswers(answering, knowledge);
        for (const role of knowledge.roles.keys()) {
            await this.cluster.role(role);
        }
        for (const [database, sql] of plan.stubs) {
            await this.cluster.database(database);
            await (await this.cluster.in(database)).rows(sql);
        }
        const dev = await this.sessions.to(plan.devDatabase);
        for (const sql of plan.baseline) {
            await dev.rows(sql);
        }
    }

    /** A file begins. */
    async session(_file: string): Promise<void> {
        this.searchPath = undefined;
        await this.sessions.reset();
    }

    async statement(statement: ReadStatement): Promise<StatementOutcome> {
        this.current = statement;
        this.place = { file: statement.file, line: statement.line };
        const [first, second] = statement.words;
        if (second === "DATABASE" && (first === "CREATE" || first === "DROP")) {
            // A database that the script connects to is made when it does.
            return {};
        }
        if (first === "CREATE" && second === "SUBSCRIPTION") {
            // A cluster that makes a slot for itself here waits for itself; the stack's own server has a way around.
            const parsed = parseSql(statement.sql);
            for (const subscription of "nodes" in parsed ? subscriptionsIn(parsed.nodes) : []) {
                this.facts.subscriptions.push({ ...subscription, place: this.place });
            }
            return {};
        }
        if (statement.database !== undefined) {
            this.scripted.add(statement.database);
        }
        const session = await this.sessions.to(this.databaseOf(statement));
        if (this.usageCounts || /\bdblink/i.test(statement.sql)) {
            await this.observe(statement);
        }
        let ran = await runStatement(session, statement);
        const tried = new Set<string>();
        for (let mends = 0; ran.error !== undefined && mends < MAX_MENDS; mends += 1) {
            await this.server.answering.sync();
            const mend = mendOf(told(ran.error));
            const mark = JSON.stringify(mend);
            if (mend === undefined || tried.has(mark) || !(await this.mender.mend(mend, session, this.place))) {
                break;
            }
            // Asked for once more, another user's password may be what is missing.
            if (mend.kind !== "trust") {
                tried.add(mark);
            }
            ran = await runStatement(session, statement);
        }
        if (!QUIET.test(statement.words.join(" "))) {
            await this.server.answering.sync();
        }
        const outcome = outcomeOf(ran);
        // Text that is no SQL is the reader's to report.
        if (!(await isUnreadable(statement.sql, outcome.error))) {
            this.facts.statements += 1;
            if (ran.error !== undefined) {
                this.facts.failures.push(failureOf(statement, ran.error, ran.position));
            }
        }
        if (session.state === "I" && this.unmirrored.length > 0) {
            await this.mirrorRest(await this.sessions.to(this.databaseOf(statement)));
        }
        return outcome;
    }

    /** Learns what is left when all statements have run. */
    async finish(): Promise<EndState> {
        await this.sessions.reset();
        for (const database of this.withMirror) {
            await this.mirrorRest(await this.sessions.to(database));
        }
        const dev = await this.sessions.to(this.plan.devDatabase);
        if (this.usageCounts) {
            this.place = { file: "", line: 1 };
            await this.usage.observeBodies();
            await this.provider.provide(this.usage.settle().tables, dev, true);
        }
        const servers = new Set<string>();
        const mappings = new Set<string>();
        for (const database of this.withMirror) {
            const session = await this.sessions.to(database);
            for (const [name] of await session.rows("SELECT srvname FROM pg_catalog.pg_foreign_server")) {
                servers.add(name ?? "");
            }
            const found = await session.rows(
                "SELECT s.srvname, coalesce(r.rolname, 'PUBLIC') FROM pg_catalog.pg_user_mapping u JOIN pg_catalog.pg_foreign_server s ON s.oid = u.umserver LEFT JOIN pg_catalog.pg_roles r ON r.oid = u.umuser",
            );
            for (const [server, role] of found) {
                mappings.add(`${server}\0${role}`);
            }
        }
        const admin = await this.cluster.in("postgres");
        const databases = await admin.rows(
            'SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate ORDER BY datname COLLATE "C"',
        );
        const roles = await admin.rows("SELECT rolname FROM pg_catalog.pg_roles WHERE oid >= 16384");
        const given = new Set(this.givenRoles());
        return {
            servers,
            mappings,
            databases: databases.flatMap(([name]) => (name === this.plan.devDatabase ? [] : [name ?? ""])),
            createdRoles: new Set(roles.flatMap(([name]) => (given.has(name ?? "") ? [] : [name ?? ""]))),
        };
    }

    settled() {
        return this.usage.settle();
    }

    /** Roles that are not the schema's own. */
    private givenRoles(): string[] {
        return [...this.plan.knowledge.roles.keys()];
    }

    /** A session of the superuser with one of the stubs. */
    stub(database: string): Promise<Session> {
        return this.cluster.in(database);
    }

    end(): void {
        this.sessions.end();
        this.cluster.end();
    }

    private databaseOf({ database }: ReadStatement): string {
        return database === undefined || database === this.plan.knowledge.ownDatabase
            ? this.plan.devDatabase
            : database;
    }

    /** A session with a database in which the schema runs. */
    private async connect(database: string): Promise<Session> {
        await this.cluster.database(database);
        const session = await this.server.schemaSession(database);
        const [found] = await session.rows("SELECT to_regnamespace('pg_fdw_stub_rehearsal') IS NULL");
        if (found?.[0] === "t") {
            const { error } = await session.query(mirrorSql());
            if (error !== undefined) {
                throw error;
            }
            const given = [...this.plan.given].flatMap(([name, tables]) =>
                tables.flatMap((table) =>
                    table.columns.map(
                        (column) =>
                            `(${[name, table.schema, table.name, column.name].map((text) => quoteLiteral(text)).join(", ")})`,
                    ),
                ),
            );
            if (given.length > 0) {
                await session.rows(`INSERT INTO pg_fdw_stub_rehearsal.given VALUES ${given.join(", ")}`);
            }
            const settled = [...this.plan.knowledge.scripted].map((name) => `(${quoteLiteral(name)})`);
            if (settled.length > 0) {
                await session.rows(`INSERT INTO pg_fdw_stub_rehearsal.settled VALUES ${settled.join(", ")}`);
            }
            for (const table of ["shared", "frozen"] as const) {
                const names = [...this.plan.knowledge[table]].map((name) => `(${quoteLiteral(name)})`);
                if (names.length > 0) {
                    await session.rows(`INSERT INTO pg_fdw_stub_rehearsal.${table} VALUES ${names.join(", ")}`);
                }
            }
        }
        this.withMirror.add(database);
        session.onNotice = (message) => {
            const notice = mirrorNotice(message);
            if (notice !== undefined) {
                this.notice(notice);
            }
        };
        return session;
    }

    /** A look at the catalogs from where the schema runs: what it has not committed yet counts. */
    private async look(sql: string): Promise<ReadonlyArray<ReadonlyArray<string | null>>> {
        const database = this.current === undefined ? this.plan.devDatabase : this.databaseOf(this.current);
        const ran = await runStatement(await this.sessions.to(database), { sql, words: ["SELECT"] });
        if (ran.error !== undefined && !NO_LOOK.test(ran.error.code ?? "")) {
            throw ran.error;
        }
        return ran.results.at(-1)?.rows ?? [];
    }

    private async observe({ file, line, sql, words }: ReadStatement): Promise<void> {
        this.usageCounts = true;
        if (this.searchPath === undefined) {
            const path = await this.look("SELECT unnest(current_schemas(true))");
            this.searchPath = path.flatMap(([schema]) => schema ?? []);
        }
        await this.usage.observe({ file, line, sql, searchPath: this.searchPath });
        if (!KEEPS_PATH.test(words.join(" "))) {
            this.searchPath = undefined;
        }
    }

    /** Where in the statement something happens: inside a DO block the server tells the line. */
    private placeOf(context: string): Place {
        const { current } = this;
        const line = blockLine(context);
        if (current === undefined || line === undefined) {
            return this.place;
        }
        const body = current.sql.search(/\$|'/);
        const before = current.sql.slice(0, Math.max(0, body)).split("\n").length - 1;
        return { file: current.file, line: current.line + before + line - 1 };
    }

    private notice(notice: MirrorNotice): void {
        const place = this.placeOf(notice.context);
        if (this.current !== undefined) {
            this.foreignIn.add(this.databaseOf(this.current));
            // What a script does in other databases is no matter of the one under development.
            if (this.databaseOf(this.current) !== this.plan.devDatabase && notice.event !== "import") {
                return;
            }
        }
        if (noteFact(this.facts, notice, place)) {
            return;
        }
        if (notice.event === "import") {
            const text = quotedStatement(notice.context, /^\s*IMPORT\s/i) ?? notice.query;
            // A contract's stub has what there is: the import has brought it.
            for (const found of importsInText(text).filter(({ server: name }) => !this.isFrozen(name))) {
                this.usageCounts = true;
                this.usage.imported({ ...found, file: place.file, line: place.line });
            }
        } else if (notice.event === "unmirrored") {
            this.unmirrored.push({ database: notice.database, table: JSON.stringify(notice.table) });
        }
    }

    /** Foreign tables whose stub was locked by a transaction that is over now. */
    private async mirrorRest(session: Session): Promise<void> {
        const rest = this.unmirrored.splice(0);
        // As they were declared: a savepoint may have taken that back, after something had read them.
        for (const { database, table } of rest) {
            await session.query(
                `SELECT pg_fdw_stub_rehearsal.mirror_into(${quoteLiteral(database)}, ${quoteLiteral(table)})`,
            );
        }
    }

    private stubsOf(upstream: Upstream): string[] {
        const plain = plainNames(this.plan.knowledge);
        if (typeof upstream === "string") {
            return databasesOfServer(this.facts, upstream, plain);
        }
        const options = parseConninfo(upstream.conninfo);
        return options === undefined ? [] : databasesOf(options, {}, plain);
    }

    /** Whether a contract makes what a server leads to. */
    private isFrozen(server: string): boolean {
        const stubs = this.stubsOf(server);
        return stubs.length > 0 && stubs.every((stub) => this.plan.knowledge.frozen.has(stub));
    }

    private givenTable(upstream: Upstream, schema: string, name: string) {
        for (const database of this.stubsOf(upstream)) {
            const frozen = this.plan.frozen.get(database);
            if (frozen !== undefined) {
                const table = frozen.find((each) => each.schema === schema && each.name === name);
                return { columns: table?.columns ?? [], whole: true };
            }
            const found = this.plan.given.get(database)?.find((each) => each.schema === schema && each.name === name);
            if (found !== undefined) {
                return { columns: found.columns, whole: false };
            }
        }
        return undefined;
    }
}
