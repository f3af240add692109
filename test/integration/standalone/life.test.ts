import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clustersVolume } from "../../../docker/clusters";
import { identityLabels, LABEL } from "../../../docker/labels";
import { findContainer, findNetwork, findVolume, type ServerContainer } from "../../../docker/server";
import { addressOf } from "../../../server/expected";
import { writeMadeFrom } from "../../../standalone/made-from";
import type { ConfigurationInput } from "../../../upstreams/parse";
import { contentOfDev, type Foreign, readThrough, readThroughAsNobody, rows } from "../../engine/support/scenario";
import { Checkout, NOTHING } from "../support/checkout";

const TABLE = { name: "events", columns: [{ name: "id", type: "bigint" }], rows: [{ id: 1 }] };
const UPSTREAM = {
    host: "upstream_db",
    database: "upstream_db",
    users: [{ name: "app", password: "first secret" }],
    ddlFiles: ["extra.sql"],
    tables: [TABLE],
};
const OTHER = { host: "other_db", database: "other_db", tables: [TABLE] };
const FIRST: ConfigurationInput = { upstreams: [UPSTREAM, OTHER] };
const EVENTS: Foreign = {
    host: "upstream_db",
    database: "upstream_db",
    user: "app",
    password: "first secret",
    table: "events",
    columns: { id: "bigint" },
};

/** The stack as it was left is what each test starts from: an `up` costs as much as all checks together. */
describe("the life of a standalone stack", () => {
    let checkout: Checkout;
    let url: string;

    beforeAll(async () => {
        checkout = await Checkout.create(FIRST);
        checkout.write("extra.sql", "CREATE TABLE extra (a int);\n");
    });

    afterAll(async () => {
        await checkout?.remove();
    });

    /** Runs `up` on a stack that must be made anew, and checks that it is, and works. */
    async function upAnew(reason: RegExp, foreign: Foreign = EVENTS): Promise<ServerContainer> {
        const before = await findContainer(checkout.docker, checkout.objectName());
        const { stdout, stderr } = await checkout.succeed(["up"]);
        expect(stderr).toMatch(reason);
        expect(stdout).toMatch(/^The stack dev is up: fdw-stub-dev-[0-9a-f]{8} at 127\.0\.0\.1:\d+\.\n$/);
        const after = await checkout.server();
        expect(after.id).not.toBe(before?.id);
        url = await checkout.url();
        await expect(readThroughAsNobody(url, foreign)).resolves.toEqual([{ id: "1" }]);
        return after;
    }

    /** Runs `up` on a stack that is whole, and checks that nothing at all happens. */
    async function upUnchanged(): Promise<void> {
        const { id } = await checkout.server();
        // Docker's events are asked for by the second.
        await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
        const from = Math.floor(Date.now() / 1000);
        const { stdout, stderr, milliseconds } = await checkout.succeed(["up"]);
        expect(stdout).toMatch(/^The stack dev is up, unchanged: fdw-stub-dev-[0-9a-f]{8} at 127\.0\.0\.1:\d+\.\n$/);
        expect(stderr).toBe("");
        await expect(checkout.eventsSince(from)).resolves.toEqual([]);
        expect((await checkout.server()).id).toBe(id);
        // Four tenths of a second on an idle machine.
        expect(milliseconds).toBeLessThan(4000);
    }

    test("the first up makes a server on which the whole scenario runs, and leaves the dev database empty", async () => {
        const from = Math.floor(Date.now() / 1000);
        const { stderr } = await checkout.succeed(["up"]);
        expect(stderr).not.toContain("anew");
        url = await checkout.url();
        await expect(readThrough(url, EVENTS)).resolves.toEqual([{ id: "1" }]);
        await expect(contentOfDev(url)).resolves.toEqual([]);
        // Without this, a test that sees no events would prove nothing.
        await expect(checkout.eventsSince(from)).resolves.toEqual(
            expect.arrayContaining(["container create", "container start", "network create", "volume create"]),
        );
    });

    test("everything that it made carries the stack's labels and its name, and nothing else is there", async () => {
        const name = checkout.objectName();
        const own = { ...identityLabels(checkout.identity()), [LABEL.madeBy]: "standalone" };
        await expect(checkout.objects()).resolves.toEqual({ containers: [name], networks: [name], volumes: [name] });
        const { docker } = checkout;
        await expect(checkout.server()).resolves.toMatchObject({ name, labels: own, networks: [name] });
        await expect(findNetwork(docker, name)).resolves.toMatchObject({ labels: own });
        await expect(findVolume(docker, name)).resolves.toMatchObject({ labels: own });
        const { Mounts: mounts, Image: image } = await docker.getContainer(name).inspect();
        // Besides its own, the one that is every stack's of this image.
        const shared = clustersVolume(image);
        expect(mounts.map((mount) => mount.Name).sort()).toEqual([name, shared].sort());
        await expect(findVolume(docker, shared)).resolves.toEqual({ labels: { [LABEL.clusters]: image } });
    });

    test("the port is published on the loopback address only", async () => {
        const { HostConfig: host } = await checkout.docker.getContainer(checkout.objectName()).inspect();
        const { hostPort } = await checkout.server();
        expect(host.PortBindings).toEqual({ "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: String(hostPort) }] });
    });

    test("an unchanged up does nothing", async () => {
        await upUnchanged();
    });

    test("what is done in the server by hand stays, as long as nothing is missing", async () => {
        await rows(url, "CREATE TABLE mine (a int)");
        await upUnchanged();
        await expect(contentOfDev(url)).resolves.toEqual(["relation mine"]);
    });

    test("a restarted container keeps URL and data", async () => {
        await checkout.docker.getContainer(checkout.objectName()).restart();
        await expect(checkout.url()).resolves.toBe(url);
        await expect
            .poll(() => rows(url, "SELECT 1 AS one").catch(() => []), { timeout: 20_000 })
            .toEqual([{ one: 1 }]);
        await expect(contentOfDev(url)).resolves.toEqual(["relation mine"]);
        await expect(readThrough(url, EVENTS)).resolves.toEqual([{ id: "1" }]);
        await upUnchanged();
    });

    test("an up while the server is still starting waits for it, and makes nothing anew", async () => {
        const { id } = await checkout.server();
        const container = checkout.docker.getContainer(id);
        await container.stop({ t: 5 });
        await container.start();
        const { stdout } = await checkout.succeed(["up"]);
        expect(stdout).toContain("is up, unchanged");
        expect((await checkout.server()).id).toBe(id);
        await expect(contentOfDev(url)).resolves.toEqual(["relation mine"]);
    });

    describe("what a stub holds is made anew in the server that runs:", () => {
        const oids = () => rows(url, "SELECT datname, oid FROM pg_database WHERE NOT datistemplate ORDER BY 1");
        const oidsBut = async (...names: string[]) =>
            (await oids()).filter(({ datname }) => !names.includes(String(datname)) && datname !== "postgres");

        /** Runs `up` on a stack whose stubs alone have changed. */
        async function upInPlace(told: string): Promise<void> {
            const { id } = await checkout.server();
            const { stdout, stderr } = await checkout.succeed(["up"]);
            expect(stderr).toContain(told);
            expect(stderr).not.toMatch(/server anew|Starting PostgreSQL/);
            expect(stdout).toMatch(/^The stack dev is up: fdw-stub-dev-[0-9a-f]{8} at 127\.0\.0\.1:\d+\.\n$/);
            expect((await checkout.server()).id).toBe(id);
            await expect(checkout.url()).resolves.toBe(url);
            await upUnchanged();
        }

        test("a table, a DDL file, and a password, which is then really asked for", async () => {
            const [there, all] = [await oidsBut("upstream_db"), await oids()];
            const columns = [...TABLE.columns, { name: "note", type: "text" }];
            const users = [{ name: "app", password: "second secret" }];
            checkout.configure({ upstreams: [{ ...UPSTREAM, users, tables: [{ ...TABLE, columns }] }, OTHER] });
            checkout.write("extra.sql", "CREATE TABLE extra (b text);\n");
            await upInPlace('Making the changed stubs anew: "upstream_db"\n');
            const found = await rows(url, "SELECT id, note, b FROM events LEFT JOIN extra ON true", "upstream_db");
            expect(found).toEqual([{ id: "1", note: null, b: null }]);
            const changed = { ...EVENTS, password: "second secret" };
            await expect(readThroughAsNobody(url, changed)).resolves.toEqual([{ id: "1" }]);
            await expect(readThrough(url, EVENTS)).rejects.toThrow(/password authentication failed for user "app"/);
            // Everything else is what it was, fresh databases and what is in the dev database too.
            expect(await oidsBut("upstream_db")).toEqual(expect.arrayContaining(there));
            expect(await oids()).not.toEqual(all);
            await expect(contentOfDev(url)).resolves.toEqual(["relation mine"]);
        });

        test("while somebody reads it, who reads the new one then", async () => {
            const reader = new Client({ connectionString: url });
            await reader.connect();
            try {
                await reader.query("CREATE EXTENSION postgres_fdw");
                await reader.query(
                    "CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'other_db', dbname 'other_db')",
                );
                await reader.query("CREATE USER MAPPING FOR CURRENT_USER SERVER other");
                await reader.query("CREATE FOREIGN TABLE events (id bigint) SERVER other");
                expect((await reader.query("SELECT * FROM events")).rows).toEqual([{ id: "1" }]);
                checkout.configure({ upstreams: [UPSTREAM, { ...OTHER, tables: [{ ...TABLE, rows: [{ id: 7 }] }] }] });
                await upInPlace('Making the changed stubs anew: "other_db", "upstream_db"\n');
                expect((await reader.query("SELECT * FROM events")).rows).toEqual([{ id: "7" }]);
                await reader.query("DROP EXTENSION postgres_fdw CASCADE");
            } finally {
                await reader.end();
            }
        });

        test("and none where the files say the same of them", async () => {
            const all = await oidsBut();
            checkout.configure({ ...FIRST, strict: true, upstreams: [UPSTREAM, OTHER] });
            await upInPlace('Making the changed stubs anew: "other_db"\n');
            checkout.configure(FIRST);
            await upInPlace("No stub has changed\n");
            expect(await oidsBut("other_db")).toEqual(
                expect.arrayContaining(all.filter(({ datname }) => datname !== "other_db")),
            );
        });

        test("again where a run was killed that had begun", async () => {
            const address = addressOf(await checkout.server());
            if (address === undefined) {
                throw new Error("the server has no address");
            }
            await writeMadeFrom(address, undefined);
            await upInPlace("No stub has changed\n");
            await writeMadeFrom(address, undefined);
            await rows(url, "DROP DATABASE upstream_db WITH (FORCE)");
            await rows(url, "CREATE DATABASE upstream_db");
            await upAnew(/it lacks the extension fdw_stub_upstream_db_\w+ in the database "upstream_db"/);
        });
    });

    describe("what else has changed is made anew with the server:", () => {
        test("image, settings, dev database and dev user", async () => {
            const changed = { image: "postgres:17", devDatabase: "atlas dev", devUser: "Ännchen" };
            checkout.configure({ ...FIRST, ...changed, settings: { work_mem: "13MB" } });
            await upAnew(/has changed/);
            const sql = `SELECT current_database() AS db, current_user AS me, current_setting('work_mem') AS memory,
                current_setting('server_version_num')::int / 10000 AS major`;
            await expect(rows(url, sql)).resolves.toEqual([
                { db: "atlas dev", me: "Ännchen", memory: "13MB", major: 17 },
            ]);
            checkout.configure(FIRST);
            await upAnew(/has changed/);
        });
    });

    describe("what is broken is made anew:", () => {
        const { docker, name } = { docker: () => checkout.docker, name: () => checkout.objectName() };

        test.each<[string, RegExp, () => Promise<unknown>]>([
            [
                "the container was removed",
                /^Starting PostgreSQL$/m,
                () => docker().getContainer(name()).remove({ force: true }),
            ],
            [
                "the network was removed",
                /its network is gone/,
                async () => {
                    await docker().getNetwork(name()).disconnect({ Container: name(), Force: true });
                    await docker().getNetwork(name()).remove();
                },
            ],
            [
                "databases and a role were dropped",
                /it lacks the role "app", the database "upstream_db", the database "dev"$/m,
                async () => {
                    await rows(url, "DROP DATABASE upstream_db WITH (FORCE)");
                    await rows(url, "DROP ROLE app");
                    await rows(url, "DROP DATABASE dev WITH (FORCE)", "postgres");
                },
            ],
            [
                "the stub tables were dropped",
                /it lacks the extension fdw_stub_upstream_db_\w+ in the database "upstream_db"/,
                async () => {
                    const [stub] = await rows(
                        url,
                        "SELECT extname FROM pg_extension WHERE extname ~ '^fdw_stub'",
                        "upstream_db",
                    );
                    await rows(url, `DROP EXTENSION ${stub?.extname} CASCADE`, "upstream_db");
                },
            ],
        ])("%s", async (_, reason, harm) => {
            await harm();
            await upAnew(reason);
        });

        test.each([
            ["killed", () => docker().getContainer(name()).kill()],
            ["stopped", () => docker().getContainer(name()).stop({ t: 5 })],
            ["paused", () => docker().getContainer(name()).pause()],
        ])("but a container that was only %s goes on, with its data and its password", async (_, harm) => {
            const { id } = await checkout.server();
            await rows(url, "CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS n");
            // Commits of the last moment are lost by a kill, because the dev server waits for no disk.
            await rows(url, "CHECKPOINT");
            await harm();
            const { stdout, stderr } = await checkout.succeed(["up"]);
            expect(stderr).toMatch(/The server goes on: its container is (?:exited|paused)/);
            expect(stdout).not.toContain("unchanged");
            expect((await checkout.server()).id).toBe(id);
            await expect(checkout.url()).resolves.toBe(url);
            await expect(rows(url, "SELECT n FROM kept")).resolves.toEqual([{ n: 1 }]);
            await rows(url, "DROP TABLE kept");
        });

        test("and afterwards nothing is broken any more", async () => {
            await upUnchanged();
            await expect(contentOfDev(url)).resolves.toEqual([]);
        });
    });

    test("down removes what up made, and nothing that only looks like it", async () => {
        const { docker } = checkout;
        const { imageId } = await checkout.server();
        const similar = `${checkout.objectName()}-mine`;
        const labels = { ...identityLabels(checkout.identity()), [LABEL.stack]: "other", [LABEL.madeBy]: "standalone" };
        // Of another stack; and one of this stack that no door made.
        const other = await docker.createContainer({ name: similar, Image: imageId, Labels: labels });
        checkout.alsoRemove(() => other.remove({ force: true, v: true }));
        await docker.createVolume({ Name: similar, Labels: identityLabels(checkout.identity()) });
        checkout.alsoRemove(() => docker.getVolume(similar).remove());

        const { stdout } = await checkout.succeed(["down"]);
        const name = checkout.objectName();
        expect(stdout).toBe(`Removed container ${name}, network ${name}, volume ${name}.\n`);
        await expect(checkout.objects()).resolves.toEqual({ containers: [similar], networks: [], volumes: [similar] });

        const again = await checkout.succeed(["down"]);
        expect(again.stdout).toBe("There was nothing to remove.\n");
        await other.remove({ force: true, v: true });
        await docker.getVolume(similar).remove();
        await expect(checkout.objects()).resolves.toEqual(NOTHING);
    });
});
