import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hbaFile } from "../../../upstreams/hba";
import type { Upstream } from "../../../upstreams/model";
import { stubExtension } from "../../../upstreams/script";
import { locksPerTransaction, planServer, type ServerPlan } from "../../../upstreams/server";
import { planStubs } from "../../../upstreams/stubs";
import { table, upstream } from "./builders";

const SOURCES = {
    "entrypoint.sh": "#!/bin/sh\n",
    "cluster.sh": "# cluster\n",
    "tls.sh": "# TLS\n",
    "addresses.pl": "# addresses\n",
    "relay.pl": "# relay\n",
};

async function plan(
    upstreams: readonly Upstream[],
    settings: Readonly<Record<string, string>> = {},
    devUser = "postgres",
): Promise<ServerPlan> {
    const stubs = planStubs(upstreams);
    return planServer(stubs, await Promise.all(stubs.databases.map(stubExtension)), settings, devUser, SOURCES);
}

/** The settings on the server's command line, in order. */
function settingsOf({ command }: ServerPlan): string[] {
    const [program, ...rest] = command;
    expect(program).toBe("postgres");
    expect(rest.filter((_, i) => i % 2 === 0).every((flag) => flag === "-c")).toBe(true);
    return rest.filter((_, i) => i % 2 === 1);
}

function fileOf(server: ServerPlan, path: string): string | undefined {
    return server.files.find(({ file }) => file === path)?.content;
}

describe("locksPerTransaction", () => {
    test.each([
        [0, 100, 256],
        [1000, 100, 256],
        [3200, 100, 256],
        [3201, 100, 512],
        [5000, 100, 512],
        [5000, 20, 2048],
        [20_000, 100, 2048],
    ])("for %d statements and %d connections is %d", (size, connections, expected) => {
        expect(locksPerTransaction(size, connections)).toBe(expected);
    });

    test("leaves every statement room for eight locks", () => {
        fc.assert(
            fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 1000 }), (size, connections) => {
                expect(locksPerTransaction(size, connections) * connections).toBeGreaterThanOrEqual(size * 8);
            }),
        );
    });
});

describe("planServer", () => {
    test("needs nothing else for one plain upstream", async () => {
        const server = await plan([upstream()]);
        expect(server.hostAliases).toEqual([{ host: "upstream_db", ip: "127.0.0.1" }]);
        expect(server.environment).toEqual({ POSTGRES_INITDB_ARGS: "--no-sync" });
        expect(server.entrypoints).toEqual(["/fdw-stub/entrypoint.sh"]);
        expect(server.healthcheck).toEqual([
            "CMD-SHELL",
            `PATH=/usr/lib/postgresql/$PG_MAJOR/bin:$PATH; export PGSSLMODE=disable PGUSER="$POSTGRES_USER" PGDATABASE=postgres; for attempt in $(seq 20); do pg_isready -q -h '127.0.0.1' -p 5432 && exit 0; sleep 0.1; done; exit 1`,
        ]);
        expect(server.files.map(({ file, executable }) => [file.replace(/[0-9a-f]{8,16}/g, "#"), executable])).toEqual([
            ["/fdw-stub/entrypoint.sh", true],
            ["/fdw-stub/cluster.sh", false],
            ["/fdw-stub/tls.sh", false],
            ["/fdw-stub/openssl.cnf", false],
            ["/fdw-stub/pg_hba.conf", false],
            ["/fdw-stub/extension/fdw_stub_upstream_db_#.control", false],
        ]);
        expect(server).toMatchObject({ capabilities: [], sysctls: {} });
    });

    test("relays other ports, and is healthy only when the relay listens", async () => {
        const server = await plan([upstream({ port: 6432 }), upstream({ port: 5432 }), upstream({ port: 5433 })]);
        expect(fileOf(server, "/fdw-stub/relays")).toBe("* 6432\n* 5433\n");
        expect(fileOf(server, "/fdw-stub/relay.pl")).toBe(SOURCES["relay.pl"]);
        const probes = [5432, 6432].map((port) => `pg_isready -q -h '127.0.0.1' -p ${port} && `);
        expect(server.healthcheck[1]).toContain(`do ${probes.join("")}exit 0;`);
    });

    test.each<[string, Partial<Upstream>, Partial<ServerPlan>, Readonly<Record<string, string>>]>([
        [
            "an address: on the loopback interface, which needs a capability",
            { host: "10.0.0.5" },
            { hostAliases: [], capabilities: ["NET_ADMIN"], sysctls: {} },
            { addresses: "10.0.0.5\n", "addresses.pl": SOURCES["addresses.pl"] },
        ],
        [
            "an IPv6 address: which Docker turns off otherwise",
            { host: "db", hostaddr: "FD00::5" },
            { capabilities: ["NET_ADMIN"], sysctls: { "net.ipv6.conf.lo.disable_ipv6": "0" } },
            { addresses: "fd00::5\n" },
        ],
        [
            "a socket's folder",
            { host: "/cloudsql/p:r:i", port: 6432 },
            { hostAliases: [], capabilities: [] },
            { sockets: "6432 /cloudsql/p:r:i\n" },
        ],
        [
            "TLS with certificates at the paths of the schema",
            { connections: [{ sslmode: "require", sslrootcert: "/a/ca.pem", sslcert: "/a/c.crt", sslkey: "k" }] },
            { environment: { POSTGRES_INITDB_ARGS: "--no-sync", FDW_STUB_TLS: "required" } },
            { certificates: "ca /a/ca.pem\ncert /a/c.crt\nkey k\n" },
        ],
        [
            "a connection service",
            { connections: [{ service: "orders" }, { service: "x", servicefile: "/etc/x.conf" }] },
            { environment: { POSTGRES_INITDB_ARGS: "--no-sync", PGSERVICEFILE: "/fdw-stub/pg_service.conf" } },
            {
                "pg_service.conf": "[orders]\nhost=upstream_db\nport=5432\ndbname=upstream_db\n",
                "/etc/x.conf": "[x]\nhost=upstream_db\nport=5432\ndbname=upstream_db\n",
            },
        ],
        [
            "a stub of its own: the server leaves the place to the relay",
            { host: "shard", stub: "shard db" },
            {
                hostAliases: [{ host: "shard", ip: "127.77.0.1" }],
                environment: { POSTGRES_INITDB_ARGS: "--no-sync", FDW_STUB_LISTEN: "127.0.0.1,::1" },
            },
            { relays: "127.77.0.1 5432 upstream_db=shard%20db\n" },
        ],
        [
            "an endpoint that only a vendor's proxy understands",
            { connections: [{ sslmode: "require", options: "endpoint=ep" }] },
            { hostAliases: [{ host: "upstream_db", ip: "127.77.0.1" }] },
            { relays: "127.77.0.1 5432 options tls\n" },
        ],
        [
            "a publication for subscriptions",
            { port: 5433, publications: ["p"] },
            { hostAliases: [{ host: "upstream_db", ip: "127.77.0.1" }] },
            { relays: "* 5433\n127.77.0.1 5433 replication\n" },
        ],
    ])("answers %s", async (_, change, wanted, files) => {
        const server = await plan([upstream(change)]);
        expect(server).toMatchObject(wanted);
        for (const [name, content] of Object.entries(files)) {
            expect(fileOf(server, name.startsWith("/") ? name : `/fdw-stub/${name}`)).toBe(content);
        }
    });

    test("has one extension per database, not per table", async () => {
        const tables = Array.from({ length: 20 }, (_, i) => table(`t${i}`, ["id int"]));
        const server = await plan(["a", "b", "a"].map((database) => upstream({ database, tables })));
        expect(server.files.filter(({ file }) => file.endsWith(".control"))).toHaveLength(2);
    });

    test("asks for passwords of users that have one, except the superuser's, which is generated", async () => {
        const users = [{ name: "svc", password: "hunter2" }, { name: "trusted" }, { name: "me", password: "x" }];
        const hba = fileOf(await plan([upstream({ users })], {}, "me"), "/fdw-stub/pg_hba.conf");
        const login = { database: "upstream_db", connections: [] };
        expect(hba).toBe(
            hbaFile(
                [
                    { ...login, name: "svc", password: "x" },
                    { ...login, name: "trusted" },
                ],
                "me",
            ),
        );
    });

    test("holds no password anywhere", async () => {
        const users = [{ name: "svc", password: "hunter2" }];
        expect(JSON.stringify(await plan([upstream({ users })]))).not.toContain("hunter2");
    });

    test("sets what a dev database needs", async () => {
        expect(settingsOf(await plan([upstream()]))).toEqual([
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_wal_senders=0",
            "max_locks_per_transaction=256",
            "hba_file=/fdw-stub/pg_hba.conf",
        ]);
    });

    test("lets the user's settings win, but never over the stack's own", async () => {
        const chosen = { fsync: "on", work_mem: "64 MB", hba_file: "/etc/passwd" };
        expect(settingsOf(await plan([upstream()], chosen))).toEqual([
            "fsync=on",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_wal_senders=0",
            "max_locks_per_transaction=256",
            "work_mem=64 MB",
            "hba_file=/fdw-stub/pg_hba.conf",
        ]);
    });

    test.each([
        [{}, "max_locks_per_transaction=512"],
        [{ max_connections: "20" }, "max_locks_per_transaction=2048"],
        [{ max_connections: "nonsense" }, "max_locks_per_transaction=512"],
        [{ max_locks_per_transaction: "64" }, "max_locks_per_transaction=64"],
    ])("grows with the largest stub under %j", async (chosen, expected) => {
        const tables = Array.from({ length: 5000 }, (_, i) => table(`t${i}`, []));
        expect(settingsOf(await plan([upstream({ tables }), upstream({ database: "small" })], chosen))).toContain(
            expected,
        );
    });
});
