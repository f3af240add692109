import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Upstream } from "../../../upstreams/model";
import { stubExtension } from "../../../upstreams/script";
import { hbaFile, locksPerTransaction, planServer, type ServerPlan } from "../../../upstreams/server";
import { planStubs } from "../../../upstreams/stubs";
import { table, upstream } from "./builders";

const SOURCES = { entrypoint: "#!/bin/sh\n", forwarder: "#!/usr/bin/perl\n" };

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

describe("hbaFile", () => {
    test("trusts the container's own connections and asks everybody else", () => {
        expect(hbaFile([])).toBe(
            "local all  all  trust\nhost  all  all  127.0.0.0/8  trust\nhost  all  all  ::1/128      trust\nhost  all  all  all          scram-sha-256\n",
        );
    });

    test("asks users with a password before anybody is trusted", () => {
        const lines = hbaFile(["svc", 'Odd "one"']).trim().split("\n");
        expect(lines).toEqual([
            "local all  all  trust",
            'host  all  "svc"  127.0.0.0/8  scram-sha-256',
            'host  all  "svc"  ::1/128      scram-sha-256',
            'host  all  "Odd ""one"""  127.0.0.0/8  scram-sha-256',
            'host  all  "Odd ""one"""  ::1/128      scram-sha-256',
            "host  all  all  127.0.0.0/8  trust",
            "host  all  all  ::1/128      trust",
            "host  all  all  all          scram-sha-256",
        ]);
    });

    test("a name that means something to pg_hba.conf is only a name", () => {
        const lines = hbaFile(["all", "replication", "+group", "#x"]).split("\n");
        expect(lines.filter((line) => line.includes('"')).map((line) => line.split("  ")[2])).toEqual(
            ['"all"', '"replication"', '"+group"', '"#x"'].flatMap((name) => [name, name]),
        );
    });
});

describe("locksPerTransaction", () => {
    test.each([
        [0, 100, 256],
        [1000, 100, 256],
        [5000, 100, 400],
        [5000, 20, 2000],
        [20_000, 100, 1600],
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
        expect(server.hostAliases).toEqual(["upstream_db"]);
        expect(server.environment).toEqual({ POSTGRES_INITDB_ARGS: "--no-sync" });
        expect(server.entrypoints).toEqual(["/fdw-stub/entrypoint.sh"]);
        expect(server.healthcheck).toEqual([
            "CMD-SHELL",
            'PATH=/usr/lib/postgresql/$PG_MAJOR/bin:$PATH; export PGUSER="$POSTGRES_USER" PGDATABASE=postgres; for attempt in $(seq 20); do pg_isready -q -h 127.0.0.1 -p 5432 && exit 0; sleep 0.1; done; exit 1',
        ]);
        expect(server.files.map(({ file, executable }) => [file.replace(/[0-9a-f]{8,16}/g, "#"), executable])).toEqual([
            ["/fdw-stub/entrypoint.sh", true],
            ["/fdw-stub/pg_hba.conf", false],
            ["/fdw-stub/extension/fdw_stub_upstream_db_#.control", false],
            ["/fdw-stub/extension/fdw_stub_upstream_db_#--#.sql", false],
        ]);
    });

    test("forwards other ports, and is healthy only when all of them answer", async () => {
        const server = await plan([upstream({ port: 6432 }), upstream({ port: 5432 }), upstream({ port: 5433 })]);
        expect(server.environment.FDW_STUB_PORTS).toBe("6432 5433");
        expect(fileOf(server, "/fdw-stub/forward.pl")).toBe(SOURCES.forwarder);
        const probes = [5432, 6432, 5433].map((port) => `pg_isready -q -h 127.0.0.1 -p ${port} && `);
        expect(server.healthcheck[1]).toContain(`do ${probes.join("")}exit 0;`);
    });

    test("has one extension per database, not per table", async () => {
        const tables = Array.from({ length: 20 }, (_, i) => table(`t${i}`, ["id int"]));
        const server = await plan(["a", "b", "a"].map((database) => upstream({ database, tables })));
        expect(server.files.filter(({ file }) => file.endsWith(".sql"))).toHaveLength(2);
        expect(server.files.filter(({ file }) => file.endsWith(".control"))).toHaveLength(2);
    });

    test("asks for passwords of users that have one, except the superuser's, which is generated", async () => {
        const users = [{ name: "svc", password: "hunter2" }, { name: "trusted" }, { name: "me", password: "x" }];
        const hba = fileOf(await plan([upstream({ users })], {}, "me"), "/fdw-stub/pg_hba.conf");
        expect(hba).toBe(hbaFile(["svc"]));
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
            "max_locks_per_transaction=256",
            "work_mem=64 MB",
            "hba_file=/fdw-stub/pg_hba.conf",
        ]);
    });

    test.each([
        [{}, "max_locks_per_transaction=400"],
        [{ max_connections: "20" }, "max_locks_per_transaction=2000"],
        [{ max_connections: "nonsense" }, "max_locks_per_transaction=400"],
        [{ max_locks_per_transaction: "64" }, "max_locks_per_transaction=64"],
    ])("grows with the largest stub under %j", async (chosen, expected) => {
        const tables = Array.from({ length: 5000 }, (_, i) => table(`t${i}`, []));
        expect(settingsOf(await plan([upstream({ tables }), upstream({ database: "small" })], chosen))).toContain(
            expected,
        );
    });
});
