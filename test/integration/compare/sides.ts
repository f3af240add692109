/** A database under development and its upstreams on one plain server, joined by real foreign servers. */

import { Client } from "pg";
import { compare } from "../../../compare";
import type { InspectedContract } from "../../../rehearsal";
import type { ContractFinding } from "../../../schema";
import { imageHere } from "../support/image";
import { type PlainServer, startPlainServer } from "../usage/server";

/** A login at the upstream whose privileges the contract tells. */
export const READER = "reader";

export class Sides {
    private constructor(
        private readonly server: PlainServer,
        readonly dev: Client,
        readonly upstream: Client,
    ) {}

    static async start(): Promise<Sides> {
        const server = await startPlainServer(await imageHere());
        const open = async (database: string) => {
            await server.client.query(`CREATE DATABASE ${database}`);
            return connect(server, database);
        };
        const sides = new Sides(server, await open("dev"), await open("up"));
        await server.client.query(`CREATE ROLE ${READER} LOGIN; CREATE ROLE app`);
        await sides.dev.query(`CREATE EXTENSION postgres_fdw;
            CREATE SERVER up FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/var/run/postgresql', dbname 'up');
            CREATE USER MAPPING FOR CURRENT_USER SERVER up OPTIONS (user 'postgres');
            CREATE SERVER as_reader FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/var/run/postgresql', dbname 'up');
            CREATE USER MAPPING FOR CURRENT_USER SERVER as_reader OPTIONS (user '${READER}', password_required 'false')`);
        return sides;
    }

    /** What the comparison finds; its sessions are its own, and end with it. */
    async compare(servers: readonly string[] = ["up", "as_reader"]): Promise<readonly ContractFinding[]> {
        const [dev, up] = [await connect(this.server, "dev"), await connect(this.server, "up")];
        const place = { file: "schema.sql", line: 1 };
        const contract: InspectedContract = {
            ...inspected(up, "up"),
            upstream: { host: "up.internal", port: 5432, database: "up" },
            contract: ["up.sql"],
            servers: servers.map((name) => ({ name, place })),
            mappings: [
                { server: "up", role: "postgres", user: "postgres", place },
                { server: "as_reader", role: "postgres", user: READER, place },
            ],
            users: [
                { name: "postgres", granted: false },
                { name: READER, granted: true },
            ],
            place: (schema, table, column) => ({ file: `up/${schema}.${table}.${column ?? ""}`, line: 2 }),
        };
        try {
            const { findings } = await compare({
                dev: inspected(dev, "dev"),
                contracts: [contract],
                place: (schema, table, column) => ({ file: `dev/${schema}.${table}.${column ?? ""}`, line: 3 }),
            });
            return findings;
        } finally {
            await Promise.all([dev.end(), up.end()]);
        }
    }

    async stop(): Promise<void> {
        await Promise.all([this.dev.end(), this.upstream.end()]);
        await this.server.stop();
    }
}

async function connect({ client: { host, port, user, password } }: PlainServer, database: string): Promise<Client> {
    const client = new Client({ host, port, user, password: password ?? "", database });
    await client.connect();
    return client;
}

function inspected(client: Client, database: string) {
    return {
        database,
        query: async (sql: string) => {
            // As text, as the rehearsal's own sessions give it.
            const { rows } = await client.query<Array<string | null>>({
                text: sql,
                rowMode: "array",
                types: { getTypeParser: () => (value: string) => value },
            });
            return rows;
        },
    };
}
