/** The last pass: the schema runs on the final server, with exactly the final stubs, and nothing is answered on demand. */

import type { ReadStatement, StatementOutcome } from "../schema/read/statement";
import { isUnreadable } from "../schema/read/unreadable";
import { InputError } from "../upstreams/errors";
import { quoteIdent, quoteLiteral } from "../upstreams/quote";
import type { RehearsalServer } from "./container";
import { type Facts, noFacts } from "./facts";
import type { FinalServer } from "./final";
import { runAll } from "./pipeline";
import { failureOf, outcomeOf, type Ran, RESET, runStatement, Sessions } from "./running";
import { DISK_FULL } from "./session";
import { several } from "./several";

export interface ProofPlan {
    readonly devDatabase: string;
    readonly devUser: string;
    /** The script's name of the database under development; undefined for the one it begins in. */
    readonly ownDatabase: string | undefined;
    readonly baseline: readonly string[];
    readonly final: FinalServer;
}

/** A stub that the final server refuses: what the user's own files have does not fit what is there. */
export class StubError extends InputError {}

export class ProofPass {
    readonly facts: Facts = noFacts();
    private readonly sessions: Sessions;

    constructor(
        private readonly server: RehearsalServer,
        private readonly plan: ProofPlan,
    ) {
        this.sessions = new Sessions((database) => server.finalSchemaSession(database));
    }

    /** Starts the final server and fills it as the stack's own is filled. */
    async begin(): Promise<void> {
        const { server, plan } = this;
        const { final, devUser, devDatabase } = plan;
        await server.serveFinal(final.passesSecrets ? asked(final, devDatabase, devUser) : final);
        const admin = await server.finalSession("postgres");
        try {
            // What initdb is told where the stack's own server is made.
            await admin.rows(`ALTER ROLE ${quoteIdent(devUser)} PASSWORD ${quoteLiteral(server.password)}`);
            for (const { name, password } of final.users.filter((user) => user.name !== devUser)) {
                const secret = password === undefined ? "" : ` PASSWORD ${quoteLiteral(password)}`;
                await admin.rows(`CREATE ROLE ${quoteIdent(name)} LOGIN${secret}`);
            }
            const users = new Set(final.users.map(({ name }) => name));
            for (const name of final.roles.filter((role) => role !== devUser && !users.has(role))) {
                await admin.rows(`CREATE ROLE ${quoteIdent(name)}`);
            }
            const databases = [devDatabase, ...final.databases.map(({ database }) => database)];
            for (const database of new Set(databases.filter((name) => name !== "postgres"))) {
                const { error } = await admin.createDatabase(database, "template1");
                if (error !== undefined) {
                    throw error;
                }
            }
        } finally {
            admin.end();
        }
        const fill = async ({ database, extension, version }: FinalServer["databases"][number]) => {
            const session = await server.finalSession(database);
            try {
                const { error } = await session.query(
                    `CREATE EXTENSION ${quoteIdent(extension)} VERSION ${quoteLiteral(version)} CASCADE`,
                );
                if (error?.code === DISK_FULL) {
                    throw error;
                }
                if (error !== undefined) {
                    throw new StubError(
                        `The stub of the database ${JSON.stringify(database)} cannot be filled: ${error.message}`,
                    );
                }
            } finally {
                session.end();
            }
        };
        // Many shards are many stubs: beginning a session takes longer than filling most of them.
        // A stub that gives a role the secret that is passed on may not do so beside another one.
        await several(final.databases, fill, final.passesSecrets ? 1 : undefined);
        const dev = await this.sessions.to(devDatabase);
        for (const sql of plan.baseline) {
            await dev.rows(sql);
        }
    }

    /** A file begins. */
    async session(_file: string): Promise<void> {
        await this.sessions.reset();
    }

    async statement(statement: ReadStatement): Promise<StatementOutcome> {
        if (!this.concerns(statement)) {
            return {};
        }
        const ran = await runStatement(await this.sessions.to(this.plan.devDatabase), statement);
        await this.note(statement, ran);
        return outcomeOf(ran);
    }

    /** Statements that are known beforehand, file by file. */
    async all(files: ReadonlyArray<readonly ReadStatement[]>): Promise<void> {
        await runAll(
            () => this.sessions.to(this.plan.devDatabase),
            files.flatMap((statements) => [...RESET, ...statements.filter((statement) => this.concerns(statement))]),
            { ran: async (statement, ran) => RESET.includes(statement) || this.note(statement, ran) },
        );
    }

    /** What is for other databases, and what makes them, is not run. */
    private concerns({ database, words: [first, second] }: ReadStatement): boolean {
        return (
            (database === undefined || database === this.plan.ownDatabase) &&
            !(second === "DATABASE" && (first === "CREATE" || first === "DROP"))
        );
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

    end(): void {
        this.sessions.end();
    }
}

/** Sessions with the dev database come from outside the real server and are asked for a password, which they then can pass on. */
function asked(final: FinalServer, database: string, user: string): FinalServer {
    const files = final.plan.files.map((file) =>
        file.file.endsWith("/pg_hba.conf")
            ? { ...file, content: `local ${quoteIdent(database)} ${quoteIdent(user)} scram-sha-256\n${file.content}` }
            : file,
    );
    return { ...final, plan: { ...final.plan, files } };
}
