/** Databases as clients enter them: whatever one declares there is to be mirrored and told. */

import { quoteLiteral } from "../../upstreams/quote";
import { mirrorSql, type RehearsalServer } from "../container";
import type { Session } from "../session";

export class Entrance {
    /** Names by oid: a database may be dropped and made again under its name. */
    private readonly equipped = new Map<string, string>();
    private last: Promise<unknown> = Promise.resolve();
    private admin: Session | undefined;

    constructor(
        private readonly server: RehearsalServer,
        /** Databases that the command fills itself: nothing is mirrored there. */
        private readonly settled: ReadonlySet<string>,
    ) {}

    /** Prepares a database, if there is one of that name; one at a time. */
    enters(database: string): Promise<void> {
        const done = this.last.then(() => this.equip(database));
        this.last = done.catch(() => undefined);
        return done;
    }

    /** Names of the databases that were entered. */
    get databases(): Set<string> {
        return new Set(this.equipped.values());
    }

    async end(): Promise<void> {
        await this.last;
        this.admin?.end();
        this.admin = undefined;
    }

    private async equip(database: string): Promise<void> {
        this.admin ??= await this.server.quietSession("postgres");
        const [found] = await this.admin.rows(
            `SELECT oid FROM pg_catalog.pg_database WHERE datname = ${quoteLiteral(database)} AND datallowconn`,
        );
        const oid = found?.[0];
        if (oid === undefined || oid === null || this.equipped.has(oid)) {
            return;
        }
        const session = await this.server.quietSession(database);
        try {
            const [missing] = await session.rows("SELECT to_regnamespace('pg_fdw_stub_rehearsal') IS NULL");
            // A database is made as a copy of another, which may have been entered before.
            if (missing?.[0] === "t") {
                await session.rows(mirrorSql());
                const settled = [...this.settled].map((name) => `(${quoteLiteral(name)})`);
                if (settled.length > 0) {
                    await session.rows(`INSERT INTO pg_fdw_stub_rehearsal.settled VALUES ${settled.join(", ")}`);
                }
            }
            this.equipped.set(oid, database);
        } finally {
            session.end();
        }
    }
}
