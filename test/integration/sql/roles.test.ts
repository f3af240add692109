import type { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dropDatabase, freshDatabase, freshStatus } from "../../../sql/fresh";
import { POLL } from "./handed-out";
import { TestServer } from "./server";

/** Each of these has in its second run what is in the way when the first one's roles are still there. */
const SCHEMAS: Readonly<Record<string, string>> = {
    "owns objects": "CREATE ROLE app; CREATE SCHEMA s AUTHORIZATION app; SET ROLE app; CREATE TABLE s.t (); RESET ROLE",
    "has grants":
        "CREATE ROLE app; CREATE TABLE t (); GRANT SELECT ON t TO app WITH GRANT OPTION; GRANT USAGE ON SCHEMA public TO app",
    "has default privileges": "CREATE ROLE app; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app",
    "is a member and has members":
        "CREATE ROLE app; CREATE ROLE part IN ROLE app; CREATE ROLE whole ROLE app; GRANT pg_monitor TO app WITH ADMIN OPTION; GRANT app TO CURRENT_USER",
    "granted a membership":
        "CREATE ROLE app CREATEROLE; SET ROLE app; CREATE ROLE part; CREATE ROLE other; GRANT part TO other; RESET ROLE",
    "has a mapping and a policy": `
        CREATE ROLE app; CREATE EXTENSION postgres_fdw;
        CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR app SERVER s;
        GRANT USAGE ON FOREIGN SERVER s TO app; ALTER SERVER s OWNER TO CURRENT_USER;
        CREATE TABLE t (); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t TO app USING (true)`,
    "has settings of its own":
        "CREATE ROLE app; ALTER ROLE app SET search_path = nowhere; ALTER ROLE app SET work_mem = '8MB'",
    "owns the database":
        "CREATE ROLE app; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO app', current_database()); END $$",
    "has a privilege on another database and on a parameter":
        "CREATE ROLE app; GRANT CONNECT ON DATABASE postgres TO app; GRANT SET ON PARAMETER log_statement TO app",
    "is called like no other": 'CREATE ROLE "O\'Neil ""x"" é; --"; CREATE SCHEMA s AUTHORIZATION "O\'Neil ""x"" é; --"',
};

describe("roles that a schema creates", () => {
    let server: TestServer;
    let admin: Client;
    let started: TestServer | undefined;

    beforeAll(async () => {
        started = await TestServer.start(18, { settings: { stock: 4, kept: 100 }, inMemory: true });
        if (started !== undefined) {
            server = started;
            admin = await server.connect();
        }
    });

    afterAll(async () => {
        await admin?.end().catch(() => undefined);
        await started?.remove();
    });

    beforeEach((context) => {
        if (started === undefined) {
            context.skip("no image of PostgreSQL 18 on this machine");
        }
    });

    /** What a command does: a session asks and leaves, others work. */
    async function handedOut(): Promise<string> {
        const client = await server.connect();
        try {
            return await freshDatabase(client);
        } finally {
            await client.end();
        }
    }

    async function command(sql: string): Promise<string> {
        const name = await handedOut();
        await server.query(name, sql);
        return name;
    }

    async function roles(): Promise<string[]> {
        const { rows } = await admin.query<{ rolname: string }>(
            "SELECT rolname FROM pg_roles WHERE oid >= 16384 AND rolname <> 'reader' ORDER BY 1",
        );
        return rows.map(({ rolname }) => rolname);
    }

    async function everythingGoes(): Promise<void> {
        const { rows } = await admin.query<{ name: string }>("SELECT name FROM fdw_stub.database WHERE state = 'out'");
        for (const { name } of rows) {
            await dropDatabase(admin, name);
        }
        await expect.poll(roles, POLL).toEqual([]);
        expect((await freshStatus(admin)).troubles).toEqual([]);
    }

    test.each(Object.entries(SCHEMAS))("one that %s is in no later command's way, and goes", async (_, sql) => {
        // The databases of the first two stay: their roles cannot be dropped yet.
        await command(sql);
        await command(sql);
        await command(sql);
        await everythingGoes();
    });

    test("one that owns objects in several databases", async () => {
        const other = await handedOut();
        const name = await command("CREATE ROLE app; CREATE SCHEMA s AUTHORIZATION app");
        await server.query(
            other,
            "CREATE SCHEMA s AUTHORIZATION app; CREATE TABLE s.t (); ALTER TABLE s.t OWNER TO app",
        );
        await command("CREATE ROLE app; CREATE SCHEMA s AUTHORIZATION app");
        // What was made stays usable for a look, under the name that was set aside.
        for (const database of [other, name]) {
            expect(
                await server.query(
                    database,
                    "SELECT pg_get_userbyid(nspowner) ~ '^fdw_stub_gone_[0-9]+$' AS aside FROM pg_namespace WHERE nspname = 's'",
                ),
            ).toEqual([{ aside: true }]);
        }
        await everythingGoes();
    });

    test("one that could not be dropped is tried again", async () => {
        await command("CREATE ROLE app; CREATE SCHEMA s AUTHORIZATION app");
        await handedOut();
        const failed = "UPDATE fdw_stub.gone_role SET trouble = 'busy', tried_at = clock_timestamp()";
        await expect.poll(async () => (await admin.query(failed)).rowCount, POLL).toBe(1);
        expect((await freshStatus(admin)).troubles).not.toEqual([]);
        await everythingGoes();
    });

    test("one that a session is logged in as keeps its name until that session ends", async () => {
        const name = await command("CREATE ROLE app LOGIN PASSWORD 'x'");
        const session = await server.connect(name, { name: "app", password: "x" });
        await handedOut();
        expect(await roles()).toEqual(["app"]);
        expect((await session.query("SELECT current_user AS me")).rows).toEqual([{ me: "app" }]);
        await session.end();
        await expect
            .poll(async () => (await admin.query("SELECT FROM pg_stat_activity WHERE usename = 'app'")).rowCount, POLL)
            .toBe(0);
        await command("CREATE ROLE app LOGIN PASSWORD 'y'");
        await everythingGoes();
    });

    test("one that a command created while another waited for its database stays that command's", async () => {
        await admin.query("SELECT fdw_stub.configure(stock => 0, stock_max => 0)");
        const running = await server.connect(await handedOut());
        const keeper = await server.connect();
        const waiting = await server.connect();
        try {
            await expect.poll(async () => (await freshStatus(admin)).ready, POLL).toBe(0);
            // All that may make a database: the next caller has looked at the roles when it waits for one of them.
            await keeper.query("SELECT pg_advisory_lock(1717860211, 100 + n) FROM generate_series(1, 4) AS n");
            const asking = freshDatabase(waiting);
            await expect
                .poll(() => admin.query("SELECT FROM pg_locks WHERE NOT granted AND objid > 100"), POLL)
                .toMatchObject({ rowCount: 1 });
            await running.query("CREATE ROLE app");
            await keeper.query("SELECT pg_advisory_unlock_all()");
            await asking;
            await handedOut();
            expect(await roles()).toEqual(["app"]);
            await running.query("CREATE SCHEMA s AUTHORIZATION app");
        } finally {
            await Promise.all([running, keeper, waiting].map((client) => client.end()));
            await admin.query("SELECT fdw_stub.configure(stock => 4, stock_max => 64)");
        }
        await command("CREATE ROLE app");
        await everythingGoes();
    });

    test("one that a session was left behind with is free as soon as its database is dropped", async () => {
        const holder = await server.connect();
        const name = await freshDatabase(holder, { hold: true });
        await server.query(name, "CREATE ROLE app LOGIN PASSWORD 'x'; CREATE SCHEMA s AUTHORIZATION app");
        const forgotten = await server.connect(name, { name: "app", password: "x" });
        await dropDatabase(holder, name);
        await holder.end();
        await command("CREATE ROLE app");
        await everythingGoes();
        await expect(forgotten.query("SELECT 1")).rejects.toThrow();
    });
});
