import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConfigurationInput } from "../../upstreams/parse";
import { Checkout, NOTHING } from "./support/checkout";
import { describeEngine, TEST_TIMEOUT_MS } from "./support/cli";
import { EngineStack, type Up } from "./support/engine-stack";
import { contentOfDev, type Foreign, passwordOf, readThrough, readThroughAsNobody, rows } from "./support/scenario";

const EVENTS: Foreign = {
    host: "upstream_db",
    database: "upstream_db",
    user: "app",
    password: "first secret",
    table: "events",
    columns: { id: "bigint" },
};
const UPSTREAM = { host: "upstream_db", database: "upstream_db", users: [{ name: "app", password: "first secret" }] };
const TABLE = { name: "events", columns: [{ name: "id", type: "bigint" }], rows: [{ id: 1 }] };
const FIRST: ConfigurationInput = { upstreams: [{ ...UPSTREAM, tables: [TABLE] }] };
const WIDER = { ...TABLE, columns: [...TABLE.columns, { name: "note", type: "text" }], rows: [{ id: 2, note: "two" }] };
const WIDE_EVENTS: Foreign = { ...EVENTS, columns: { id: "bigint", note: "text" } };

describeEngine("the life of a stack", () => {
    let checkout: Checkout;
    let stack: EngineStack;
    let first: Up;

    beforeAll(async () => {
        checkout = await Checkout.create();
        stack = await EngineStack.create(checkout);
        await stack.configure(FIRST);
    }, TEST_TIMEOUT_MS);

    afterAll(async () => {
        await checkout?.remove();
    }, TEST_TIMEOUT_MS);

    test("a preview before the first up says what will be created, and creates nothing", async () => {
        const changes = await stack.preview();
        expect(changes.create).toBeGreaterThan(5);
        expect(changes.same ?? 0).toBe(0);
        await expect(checkout.leftovers()).resolves.toEqual(NOTHING);
    });

    test("with Docker down, preview and up say so and create nothing", async () => {
        const message =
            /Docker cannot be reached at unix:\/\/\/nonexistent\/docker\.sock \(from DOCKER_HOST\).*Start Docker/s;
        await stack.withoutDocker(async () => {
            await expect(stack.preview()).rejects.toThrow(message);
            await expect(stack.up()).rejects.toThrow(message);
        });
        await expect(checkout.leftovers()).resolves.toEqual(NOTHING);
        const types = await stack.resourceTypes();
        expect(types.filter((type) => /^(docker|random|postgresql):/.test(type))).toEqual([]);
    });

    test("the first up gives a server on which the whole scenario runs", async () => {
        first = await stack.up();
        expect(first.outputs.devUrl).toMatch(
            /^postgres:\/\/postgres:[A-Za-z0-9]{32}@127\.0\.0\.1:\d+\/dev\?sslmode=disable$/,
        );
        expect(first.outputs).toMatchObject({
            containerName: stack.objectName,
            networkName: stack.objectName,
            stubs: [
                {
                    database: "upstream_db",
                    tableCount: 1,
                    tables: ["public.events (id bigint)"],
                    extensions: [],
                    users: ["app"],
                },
            ],
        });
        expect(first.outputs.networkDevUrl).toBe(
            `postgres://postgres:${passwordOf(first.outputs.devUrl)}@${stack.objectName}:5432/dev?sslmode=disable`,
        );
        await expect(readThrough(first.outputs.devUrl, EVENTS)).resolves.toEqual([{ id: "1" }]);
        await expect(contentOfDev(first.outputs.devUrl)).resolves.toEqual([]);
    });

    test("a password is really asked for, so that non-superusers get through and a wrong one does not", async () => {
        const { devUrl } = first.outputs;
        await expect(readThroughAsNobody(devUrl, EVENTS)).resolves.toEqual([{ id: "1" }]);
        const wrong = { ...EVENTS, password: "wrong" };
        await expect(readThrough(devUrl, wrong)).rejects.toThrow(/password authentication failed for user "app"/);
    });

    test("the state holds no password", () => {
        const state = stack.stateFile();
        expect(state).toContain(stack.objectName);
        expect(state).not.toContain(passwordOf(first.outputs.devUrl));
        expect(state).not.toContain("first secret");
    });

    test("a second up changes nothing, and so does a refresh", async () => {
        const id = (await stack.container()).id;
        await stack.refresh();
        const second = await stack.up();
        expect(Object.keys(second.changes)).toEqual(["same"]);
        expect(second.outputs).toEqual(first.outputs);
        expect((await stack.container()).id).toBe(id);
    });

    test("a new password of a user changes the role alone", async () => {
        const id = (await stack.container()).id;
        await stack.setSecret("upstreams[0].users[0].password", "second secret");
        const { changes, outputs } = await stack.up();
        expect(changes).toMatchObject({ update: 1 });
        expect(Object.keys(changes).sort()).toEqual(["same", "update"]);
        expect((await stack.container()).id).toBe(id);
        await expect(readThrough(outputs.devUrl, EVENTS)).rejects.toThrow(/password authentication failed/);
        const renewed = { ...EVENTS, password: "second secret" };
        await expect(readThroughAsNobody(outputs.devUrl, renewed)).resolves.toEqual([{ id: "1" }]);
        expect(stack.stateFile()).not.toContain("second secret");
    });

    test("a changed table makes its stub anew in the server that runs, with all else in it", async () => {
        const id = (await stack.container()).id;
        await rows(first.outputs.devUrl, "CREATE TABLE mine (a int)");
        await stack.configure({ upstreams: [{ ...UPSTREAM, tables: [WIDER] }] });
        const { changes, outputs } = await stack.up();
        // The component, which tells the difference, and the role, whose password is the first again; the stub.
        expect(changes).toEqual({ same: expect.any(Number), update: 2, replace: 2 });
        expect((await stack.container()).id).toBe(id);
        expect(outputs.stubs[0]?.tables).toEqual(["public.events (id bigint, note text)"]);
        await expect(readThrough(outputs.devUrl, WIDE_EVENTS)).resolves.toEqual([{ id: "2", note: "two" }]);
        await expect(contentOfDev(outputs.devUrl)).resolves.toEqual(["relation mine"]);
        await rows(first.outputs.devUrl, "DROP TABLE mine");
        await stack.refresh();
        expect(Object.keys((await stack.up()).changes)).toEqual(["same"]);
    });

    test("a changed setting replaces the server under the same URL", async () => {
        const id = (await stack.container()).id;
        await stack.configure({ upstreams: [{ ...UPSTREAM, tables: [WIDER] }], settings: { work_mem: "13MB" } });
        const { outputs } = await stack.up();
        expect((await stack.container()).id).not.toBe(id);
        expect(outputs.devUrl).toBe(first.outputs.devUrl);
        await expect(readThrough(outputs.devUrl, WIDE_EVENTS)).resolves.toEqual([{ id: "2", note: "two" }]);
        await expect(rows(outputs.devUrl, "SHOW work_mem")).resolves.toEqual([{ work_mem: "13MB" }]);
    });

    test("another image and another upstream replace the server", async () => {
        const second = { host: "second.internal", database: "second", tables: [TABLE] };
        await stack.configure({ upstreams: [{ ...UPSTREAM, tables: [WIDER] }, second], image: "postgres:17" });
        const { outputs } = await stack.up();
        expect(outputs.devUrl).toBe(first.outputs.devUrl);
        const [version] = await rows(
            outputs.devUrl,
            "SELECT current_setting('server_version_num')::int / 10000 AS major",
        );
        expect(version).toEqual({ major: 17 });
        await expect(readThrough(outputs.devUrl, WIDE_EVENTS)).resolves.toEqual([{ id: "2", note: "two" }]);
        const other = { ...EVENTS, host: "second.internal", database: "second", user: "postgres" };
        await expect(readThrough(outputs.devUrl, other)).resolves.toEqual([{ id: "1" }]);
        expect(Object.keys((await stack.up()).changes)).toEqual(["same"]);
    });

    test("a removed upstream and user are gone", async () => {
        await stack.configure({ upstreams: [{ host: "second.internal", database: "second", tables: [TABLE] }] });
        const { outputs } = await stack.up();
        expect(outputs.stubs.map((stub) => stub.database)).toEqual(["second"]);
        const databases = await rows(
            outputs.devUrl,
            "SELECT datname::text FROM pg_database WHERE datname IN ('upstream_db', 'second')",
        );
        expect(databases.map((row) => row.datname)).toEqual(["second"]);
        await expect(rows(outputs.devUrl, "SELECT FROM pg_roles WHERE rolname = 'app'")).resolves.toEqual([]);
        await expect(readThrough(outputs.devUrl, EVENTS)).rejects.toThrow(/could not (connect|translate)/);
    });

    test("destroy leaves nothing", async () => {
        await stack.destroy();
        await expect(checkout.leftovers()).resolves.toEqual(NOTHING);
        await expect(stack.resourceTypes()).resolves.toEqual([]);
    });
});
