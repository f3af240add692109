/** The rehearsal's cluster beside the schema's own sessions: the superuser's look at it. */

import { quoteIdent } from "../upstreams/quote";
import type { RehearsalServer } from "./container";
import { Sessions } from "./running";
import type { Session } from "./session";

export class Cluster {
    private readonly sessions: Sessions;
    private readonly made = new Set<string>();

    constructor(server: RehearsalServer) {
        this.sessions = new Sessions((database) => server.quietSession(database));
    }

    /** The superuser's session with a database. */
    in(database: string): Promise<Session> {
        return this.sessions.to(database);
    }

    /** Makes a database where there is none of that name. */
    async database(name: string): Promise<void> {
        if (this.made.has(name)) {
            return;
        }
        const { error } = await (await this.in("postgres")).createDatabase(name, "template0");
        // 42P04: it is there already.
        if (error !== undefined && error.code !== "42P04") {
            throw error;
        }
        this.made.add(name);
    }

    /** Makes a role; false where that cannot be, for example because there is one. */
    async role(name: string): Promise<boolean> {
        const { error } = await (await this.in("postgres")).query(`CREATE ROLE ${quoteIdent(name)}`);
        return error === undefined;
    }

    end(): void {
        this.sessions.end();
    }
}
