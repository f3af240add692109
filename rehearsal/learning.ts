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
import { MAX_BYTES, runAll, WINDOW, weight } from "./pipeline";
import { Provider } from "./provider";
import { Quiet } from "./quiet";
import { failureOf, outcomeOf, type Ran, RESET, runStatement, Sessions, told } from "./running";
import { addressOf, databasesOf, databasesOfServer } from "./servers";
import type { Session } from "./session";
import type { StubTable } from "./stubs";
import { subscriptionsIn } from "./subscriptions";
import { Watch } from "./watch";

/** How often a statement is mended and run again. */
const MAX_MENDS = 50;
/** SQLSTATEs by which the schema itself keeps us from looking: a failed transaction, privileges, timeouts. */
const NO_LOOK = /^(?:25P02|42501|57)/;

const NAMES_THERE =
    "SELECT relname FROM pg_catalog.pg_class WHERE relkind IN ('v', 'm', 'f') AND relnamespace NOT IN ('pg_catalog'::pg_catalog.regnamespace, 'information_schema'::pg_catalog.regnamespace)";

/** A statement that ran with others cannot be read: the schema is to be read again, each statement awaited. */
export class Unread extends Error {}

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
    private readonly watch = new Watch();
    private readonly quiet = new Quiet();
    /** Statements that are not under way yet, their bytes, and the database they are for. */
    private queue: ReadStatement[] = [];
    private bytes = 0;
    private database: string;
    private underWay: Promise<void> = Promise.resolve();
    /** Statements that tell columns and have not been gone through yet, each with the effective schemas. */
    private telling: Array<{ statement: ReadStatement; path: readonly string[] }> = [];
    /** Statements in the order of reading. */
    private readonly numbers = new WeakMap<ReadStatement, number>();
    private count = 0;

    constructor(
        private readonly server: RehearsalServer,
        private readonly plan: LearningPlan,
    ) {
        this.database = plan.devDatabase;
        this.sessions = new Sessions((database) => this.connect(database));
        this.cluster = new Cluster(server);
        this.provider = new Provider(this.cluster, plan.knowledge, this.facts, plan.devDatabase, plan.given);
        this.mender = new Mender(
            server.answering,
            this.cluster,
            plan.knowledge,
            this.facts,
            async (session) => this.watch.on && this.provider.provide(this.usage.settle().tables, session, false),
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
        if (this.sessions.only === this.database) {
            this.queue.push(...RESET);
        } else {
            await this.drain();
            await this.sessions.reset();
        }
        this.watch.begin();
    }

    /**
     * @param awaited Whether what it returns counts for what is read next. Otherwise it runs later, with others, and
     *   nothing is returned.
     * @throws Unread when a statement that ran so cannot be read: reading would have gone on elsewhere.
     */
    async statement(statement: ReadStatement, awaited: boolean): Promise<StatementOutcome> {
        this.count += 1;
        this.numbers.set(statement, this.count);
        const [first, second] = statement.words;
        if (second === "DATABASE" && (first === "CREATE" || first === "DROP")) {
            // A database that the script connects to is made when it does.
            return {};
        }
        if (first === "CREATE" && second === "SUBSCRIPTION") {
            // A cluster that makes a slot for itself here waits for itself; the stack's own server has a way around.
            const { file, line } = statement;
            const parsed = parseSql(statement.sql);
            for (const subscription of "nodes" in parsed ? subscriptionsIn(parsed.nodes) : []) {
                this.facts.subscriptions.push({ ...subscription, place: { file, line } });
            }
            return {};
        }
        if (statement.database !== undefined) {
            this.scripted.add(statement.database);
        }
        const quiet = this.quiet.of(statement);
        const database = this.databaseOf(statement);
        const apart = awaited || !quiet;
        if (apart || database !== this.database || (this.telling.length > 0 && this.watch.disturbs(statement))) {
            await this.drain();
            this.database = database;
        }
        if (apart) {
            return this.alone(statement, quiet);
        }
        await this.lookAround(statement);
        const tells = this.watch.tells(statement);
        if (tells) {
            this.telling.push({ statement, path: this.watch.path ?? [] });
        } else if (this.watch.on) {
            this.usage.passOver(statement);
        }
        this.watch.passed(statement, tells);
        this.queue.push(statement);
        this.bytes += weight(statement);
        if (this.queue.length >= WINDOW || this.bytes >= MAX_BYTES) {
            await this.flush();
        }
        return {};
    }

    /** Sends what is there, as soon as what is under way has run. */
    private async flush(): Promise<void> {
        await this.underWay;
        const statements = this.queue.splice(0);
        const { database } = this;
        this.bytes = 0;
        if (statements.length > 0) {
            this.underWay = this.send(database, statements);
            // Whoever waits for it next is told.
            this.underWay.catch(() => undefined);
        }
    }

    /** Waits for all that was read, and goes through what tells of columns. */
    private async drain(): Promise<void> {
        await this.flush();
        await this.underWay;
        await this.observe(this.telling.splice(0));
    }

    private async send(database: string, statements: readonly ReadStatement[]): Promise<void> {
        await runAll(() => this.sessions.to(database), statements, {
            begins: (statement) => this.at(statement),
            ran: async (statement, ran) => RESET.includes(statement) || this.ranWithOthers(statement, ran),
        });
        await this.mirrorRest(await this.sessions.to(database));
    }

    private async ranWithOthers(statement: ReadStatement, ran: Ran): Promise<void> {
        if (ran.error === undefined) {
            await this.note(statement, ran);
            return;
        }
        if (await isUnreadable(statement.sql, outcomeOf(ran).error)) {
            throw new Unread();
        }
        this.at(statement);
        const session = await this.sessions.to(this.databaseOf(statement));
        if (this.watch.on) {
            // Those before it, and itself: it may lack what they tell.
            const number = this.numberOf(statement);
            const later = this.telling.findIndex((each) => this.numberOf(each.statement) > number);
            const told = this.telling.splice(0, later < 0 ? this.telling.length : later);
            if (told.at(-1)?.statement !== statement) {
                told.push({ statement, path: await this.effective() });
            }
            await this.observe(told);
        }
        const again = await this.mirrorRest(session);
        await this.note(statement, await this.mended(statement, again ? await runStatement(session, statement) : ran));
    }

    /** Runs a statement by itself, with all before it done. */
    private async alone(statement: ReadStatement, quiet: boolean): Promise<StatementOutcome> {
        this.at(statement);
        const tells = this.watch.tells(statement) || this.watch.on;
        if (tells) {
            await this.lookAround(statement);
            await this.observe([{ statement, path: this.watch.path ?? [] }]);
        }
        const session = await this.sessions.to(this.databaseOf(statement));
        const ran = await this.mended(statement, await runStatement(session, statement));
        if (!quiet) {
            await this.server.answering.sync();
        }
        this.watch.passed(statement, tells);
        await this.note(statement, ran);
        await this.mirrorRest(await this.sessions.to(this.databaseOf(statement)));
        return outcomeOf(ran);
    }

    /** Makes what a statement lacked, and runs it again. */
    private async mended(statement: ReadStatement, first: Ran): Promise<Ran> {
        const tried = new Set<string>();
        let ran = first;
        for (let mends = 0; ran.error !== undefined && mends < MAX_MENDS; mends += 1) {
            const session = await this.sessions.to(this.databaseOf(statement));
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
        return ran;
    }

    private async note(statement: ReadStatement, ran: Ran): Promise<void> {
        // Text that is no SQL is the reader's to report.
        if (!(await isUnreadable(statement.sql, outcomeOf(ran).error))) {
            this.facts.statements += 1;
            if (ran.error !== undefined) {
                this.facts.failures.push(failureOf(statement, ran.error, ran.position));
            }
        }
    }

    /** A statement begins: what happens from now on is its. */
    private at(statement: ReadStatement): void {
        this.current = statement;
        this.place = { file: statement.file, line: statement.line };
    }

    /** Learns what is left when all statements have run. */
    async finish(): Promise<EndState> {
        await this.drain();
        await this.sessions.reset();
        for (const database of this.withMirror) {
            await this.mirrorRest(await this.sessions.to(database));
        }
        const dev = await this.sessions.to(this.plan.devDatabase);
        if (this.watch.on) {
            this.place = { file: "", line: 1 };
            await this.lookAtNames();
            await this.usage.observeBodies((sql) => this.watch.tells({ sql }));
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

    /** The schemas that are effective now. */
    private async effective(): Promise<readonly string[]> {
        return (await this.look("SELECT unnest(current_schemas(true))")).flatMap(([schema]) => schema ?? []);
    }

    /** Finds the schemas that are effective when a statement runs, and the names that it may use, where they are not known. */
    private async lookAround(statement: ReadStatement): Promise<void> {
        if (this.watch.asks(statement)) {
            await this.drain();
            this.at(statement);
            await this.lookAtNames();
        }
    }

    private async lookAtNames(): Promise<void> {
        const names = await this.look(NAMES_THERE);
        this.watch.found(
            await this.effective(),
            names.flatMap(([name]) => name ?? []),
        );
    }

    private numberOf(statement: ReadStatement): number {
        return this.numbers.get(statement) ?? 0;
    }

    private observe(statements: ReadonlyArray<{ statement: ReadStatement; path: readonly string[] }>): Promise<void> {
        return this.usage.observe(
            statements.map(({ statement: { file, line, sql }, path }) => ({ file, line, sql, searchPath: path })),
        );
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
                this.watch.imported(found.localSchema);
                this.usage.imported({ ...found, file: place.file, line: place.line });
            }
        } else if (notice.event === "unmirrored") {
            this.unmirrored.push({ database: notice.database, table: JSON.stringify(notice.table) });
        }
    }

    /**
     * Foreign tables whose stub was locked by a transaction that is over now.
     *
     * @returns whether there were any.
     */
    private async mirrorRest(session: Session): Promise<boolean> {
        const rest = session.state === "I" ? this.unmirrored.splice(0) : [];
        // As they were declared: a savepoint may have taken that back, after something had read them.
        for (const { database, table } of rest) {
            await session.query(
                `SELECT pg_fdw_stub_rehearsal.mirror_into(${quoteLiteral(database)}, ${quoteLiteral(table)})`,
            );
        }
        return rest.length > 0;
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
