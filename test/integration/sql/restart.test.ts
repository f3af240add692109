import type { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freshDatabase } from "../../../sql/fresh";
import { command, dropAllHandedOut, fatalLines, LEFT_OVER } from "./handed-out";
import { TestServer } from "./server";

// Its data must outlive the server's processes, so it is on disk; the other tests of fresh databases keep theirs in memory.
describe.each([18, 17, 16, 15, 14])("a restart of PostgreSQL %i", { timeout: 180_000 }, (major) => {
    let server: TestServer;
    let admin: Client;
    let started: TestServer | undefined;

    beforeAll(async () => {
        started = await TestServer.start(major, { settings: { stock: 3, kept: 100 } });
        if (started !== undefined) {
            server = started;
            admin = await server.connect();
        }
    }, 120_000);

    afterAll(async () => {
        await admin?.end().catch(() => undefined);
        await started?.remove();
    }, 60_000);

    beforeEach((context) => {
        if (started === undefined) {
            context.skip(`no image of PostgreSQL ${major} on this machine`);
        }
    });

    test.each(["orderly", "crash"] as const)("records and databases agree after it: %s", async (how) => {
        const client = await server.connect();
        const used = await freshDatabase(client);
        await client.end();
        await server.query(used, "CREATE TABLE public.t (id int)");
        await admin.query("SELECT fdw_stub.configure(stock => 10)");
        // In the middle of filling the stock.
        await new Promise((resolve) => setTimeout(resolve, 60));
        await admin.end();
        await server.restart(how);
        admin = await server.connect();
        const names = await Promise.all(Array.from({ length: 12 }, () => command(server, "SELECT 1")));
        expect(names).not.toContain(used);
        for (const name of names) {
            expect(await server.query(name, LEFT_OVER)).toEqual([]);
        }
        await dropAllHandedOut(admin);
        expect(await fatalLines(server)).toEqual([]);
        await admin.query("SELECT fdw_stub.configure(stock => 3, stock_max => 64)");
    });
});
