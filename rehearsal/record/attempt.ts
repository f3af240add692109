/** One run of a command on a fresh server that answers whatever it asks for, and what is learnt of it afterwards. */

import { randomBytes } from "node:crypto";
import type { ReadStatement } from "../../schema/read/statement";
import type { Finding, Place } from "../../schema/report";
import type { Settled } from "../../schema/usage/settle";
import { prepareAnswers } from "../answers";
import { Cluster } from "../cluster";
import type { RehearsalServer } from "../container";
import { type Facts, type FailureFact, noFacts, noteFact } from "../facts";
import { excerpt } from "../failures";
import type { Knowledge } from "../knowledge";
import { LearningPass } from "../learning";
import type { MirrorNotice } from "../notices";
import { type Result, resultOf, type StubContent } from "../result";
import { databaseFor, databasesOfServer } from "../servers";
import type { Session } from "../session";
import { dumpStub, immovableIn, tablesOf } from "../stubs";
import { Entrance } from "./entrance";
import { LOG_FILE, LOG_SETTINGS, logRecords } from "./log";
import { replayed } from "./replay";
import { type Seen, seenIn } from "./seen";

/** Nothing tells in which file the command has a statement. */
const NOWHERE: Place = { file: "", line: 1 };
/** Milliseconds that a session of the command may take to end. */
const PATIENCE = 5_000;
/** What a command waits for on purpose is not waited for again. */
const REPLAY_SETTINGS = { statement_timeout: "5s" };

export interface AttemptPlan {
    readonly devDatabase: string;
    readonly devUser: string;
    /** SQL that fills each stub, by database. */
    readonly stubs: ReadonlyMap<string, string>;
    readonly knowledge: Knowledge;
}

type Contents = ReadonlyMap<string, StubContent>;

export interface Lesson {
    /** Whether anything will be there the next time that was missing. */
    readonly news: boolean;
    readonly errors: readonly FailureFact[];
    readonly facts: Facts;
    readonly result: Result;
    /** SQL that fills each stub the next time. */
    readonly stubs: ReadonlyMap<string, string>;
}

export class Attempt {
    readonly entrance: Entrance;
    private readonly facts: Facts = noFacts();
    private readonly cluster: Cluster;
    /** Databases that are no upstreams: what servers declare in them leads elsewhere, or back to them. */
    private readonly own: Set<string>;
    /** Databases in which the command declares servers. */
    private readonly declaring = new Set<string>();
    private imports = false;

    constructor(
        private readonly server: RehearsalServer,
        private readonly plan: AttemptPlan,
    ) {
        this.own = new Set([plan.devDatabase]);
        this.entrance = new Entrance(server, plan.knowledge.scripted);
        this.cluster = new Cluster(server);
    }

    /** Starts a fresh cluster with the stubs and an empty database. */
    async begin(): Promise<void> {
        const { server, plan, cluster, facts } = this;
        const { answering } = server;
        await server.fresh({ ...LOG_SETTINGS, "fdw_stub_rehearsal.record": "on" });
        answering.onConnection = ({ password, ...connection }) => {
            facts.connections.push({ ...connection, ...(password === null ? {} : { password }), place: NOWHERE });
        };
        await prepareAnswers(answering, plan.knowledge);
        for (const role of plan.knowledge.roles.keys()) {
            await cluster.role(role);
        }
        for (const [database, sql] of plan.stubs) {
            await cluster.database(database);
            await (await cluster.in(database)).rows(sql);
        }
        await cluster.database(plan.devDatabase);
        // A session of ours would be in the way of a command that drops a database, or copies it.
        cluster.end();
    }

    /** Learns from what the command did. Its connections have ended. */
    async learn(): Promise<Lesson> {
        const { server, plan, facts, cluster } = this;
        await this.entrance.end();
        await this.endSessions();
        await server.answering.sync();
        const seen = await this.look();
        for (const { database, notice } of seen.notices) {
            this.note(database, notice);
        }
        // A database that the command makes itself and leads a server to: it is not to be there before.
        const led = new Set(facts.servers.flatMap(({ name }) => databasesOfServer(facts, name, new Set())));
        for (const name of [...seen.created].filter((each) => led.has(each))) {
            plan.knowledge.scripted.add(name);
        }
        const createdRoles = await this.createdRoles();
        const there = await this.contents((database) => cluster.in(database));
        const usage = this.imports || seen.statements.some(({ sql }) => /\bdblink/i.test(sql));
        const before = fingerprint(plan.knowledge);
        const replay = usage || seen.errors.length > 0 ? await this.replay(seen, there) : undefined;
        const contents = replay?.contents ?? there;
        const { tables: used, findings } = replay?.settled ?? { tables: [], findings: [] };
        const result = resultOf({
            facts,
            // Everything that was declared counts: a test suite or Atlas drops its database at the end.
            end: {
                servers: new Set(facts.servers.map(({ name }) => name)),
                mappings: new Set(facts.mappings.map(({ server: name, role }) => `${name}\0${role}`)),
                databases: [...contents.keys()],
                createdRoles,
            },
            stubs: contents,
            plain: plan.knowledge.scripted,
            used,
            own: this.own,
            devUser: plan.devUser,
            standsIn: () => false,
        });
        return {
            news: fingerprint(plan.knowledge) !== before || !sameContents(there, contents),
            errors: seen.errors,
            facts,
            result: { ...result, findings: [...result.findings, ...findings] },
            stubs: this.texts(contents),
        };
    }

    end(): void {
        this.cluster.end();
    }

    /** A command may leave a program behind that is still connected. */
    private async endSessions(): Promise<void> {
        const admin = await this.cluster.in("postgres");
        await admin.rows(
            `SELECT pg_catalog.pg_terminate_backend(pid, ${PATIENCE}) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()`,
        );
    }

    private async look(): Promise<Seen> {
        const mark = `fdw_stub_rehearsal ${randomBytes(8).toString("hex")}`;
        const admin = await this.cluster.in("postgres");
        await admin.rows(
            `SET log_min_messages TO log; DO $$ BEGIN RAISE LOG '${mark}'; END $$; SET log_min_messages TO panic`,
        );
        return seenIn(logRecords(this.server.dataFile(LOG_FILE, mark)));
    }

    private note(database: string, notice: MirrorNotice): void {
        noteFact(this.facts, notice, NOWHERE);
        if (notice.event === "import") {
            this.imports = true;
        } else if (notice.event === "server") {
            this.declaring.add(database);
            this.own.add(database);
        }
    }

    private async createdRoles(): Promise<Set<string>> {
        const admin = await this.cluster.in("postgres");
        const rows = await admin.rows("SELECT rolname FROM pg_catalog.pg_roles WHERE oid >= 16384");
        return new Set(rows.flatMap(([name]) => (name == null || this.plan.knowledge.roles.has(name) ? [] : [name])));
    }

    /** Runs the command's statements again, each until it has what it needs, over the stubs that are there by now. */
    private async replay(seen: Seen, there: Contents): Promise<{ contents: Contents; settled: Settled }> {
        const { server, plan } = this;
        this.cluster.end();
        const [declaring] = this.declaring;
        const main = declaring === undefined || this.declaring.has(plan.devDatabase) ? plan.devDatabase : declaring;
        const pass = new LearningPass(server, {
            devDatabase: main,
            stubs: this.texts(there),
            given: new Map(),
            frozen: new Map(),
            knowledge: plan.knowledge,
            baseline: [],
            settings: REPLAY_SETTINGS,
        });
        const sessions = replayed(seen.statements, main);
        try {
            await pass.begin();
            for (const session of sessions) {
                await pass.session(session[0]?.file ?? "");
                for (const statement of session) {
                    await pass.statement(statement, true);
                }
            }
            await pass.finish();
            // What it could not come to before it failed.
            this.facts.servers.push(...pass.facts.servers);
            this.facts.mappings.push(...pass.facts.mappings);
            this.facts.tables.push(...pass.facts.tables);
            this.facts.connections.push(...pass.facts.connections);
            const { tables, findings } = pass.settled();
            // A database that the command makes itself is as the command left it, where it did.
            const learnt = await this.contents((database) => pass.stub(database));
            return {
                contents: new Map([...there, ...[...learnt].filter(([name]) => !plan.knowledge.scripted.has(name))]),
                settled: { tables, findings: findings.map((finding) => withStatement(finding, sessions)) },
            };
        } finally {
            pass.end();
        }
    }

    /** Everything that was asked for, as far as it is there. */
    private async contents(sessionWith: (database: string) => Promise<Session>): Promise<Contents> {
        const { facts, plan } = this;
        const { scripted } = plan.knowledge;
        const rows = await (await sessionWith("postgres")).rows("SELECT datname FROM pg_catalog.pg_database");
        const there = new Set(rows.map(([name]) => name));
        const asked = [
            ...facts.servers.flatMap(({ name }) => databasesOfServer(facts, name, scripted)),
            ...facts.connections.map(({ database, ...target }) => databaseFor(target, database, scripted)),
            ...plan.stubs.keys(),
        ];
        const contents = new Map<string, StubContent>();
        for (const database of new Set(asked)) {
            if (there.has(database) && !this.own.has(database)) {
                const session = await sessionWith(database);
                contents.set(database, {
                    entries: await dumpStub(this.server, database, ""),
                    tables: await tablesOf(session),
                    immovable: await immovableIn(session),
                });
            }
        }
        return contents;
    }

    private texts(contents: Contents): Map<string, string> {
        const { scripted } = this.plan.knowledge;
        return new Map(
            [...contents]
                .filter(([database]) => !scripted.has(database))
                .map(([database, { entries }]) => [database, entries.join("\n")]),
        );
    }
}

/** What is known of how to answer, as far as it decides how the next attempt goes. */
function fingerprint({ ports, sockets, trusted, passwords, authorities, clients, tls, roles }: Knowledge): string {
    const known = [ports, sockets, trusted, passwords, authorities, clients, roles.keys()];
    return JSON.stringify([tls, ...known.map((each) => [...each])]);
}

function sameContents(a: Contents, b: Contents): boolean {
    return (
        a.size === b.size &&
        [...a].every(([database, { entries }]) => entries.join("\n") === b.get(database)?.entries.join("\n"))
    );
}

/** A finding's statement in place of its file, because nobody knows that. */
function withStatement({ file, line: _, ...finding }: Finding, sessions: readonly ReadStatement[][]): Finding {
    const found = sessions.flat().find((statement) => statement.file === file);
    return found === undefined
        ? finding
        : { ...finding, message: `${finding.message} The statement: ${excerpt(found.sql.trim())}` };
}
