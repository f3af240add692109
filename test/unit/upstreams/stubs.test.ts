import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../../upstreams/errors";
import type { Upstream } from "../../../upstreams/model";
import { checkDatabases, planStubs } from "../../../upstreams/stubs";
import { table, upstream } from "./builders";

const EVENTS = table("events", ["id bigint"]);
const ddl = (sql: string, origin = "a.sql") => ({ origin, line: 1, sql });

function problems(...upstreams: readonly Upstream[]): string {
    try {
        planStubs(upstreams);
    } catch (error) {
        if (error instanceof InputError) {
            return error.message;
        }
        throw error;
    }
    return "no problem";
}

describe("one database under two hosts", () => {
    test("is one stub that answers for both", () => {
        const users = [{ name: "svc", password: "x" }];
        const plan = planStubs([
            upstream({
                host: "primary",
                users,
                extensions: [{ name: "hstore", optional: true }],
                ddl: [ddl("CREATE TYPE a AS ENUM ()")],
            }),
            upstream({ host: "other", database: "other", tables: [EVENTS] }),
            upstream({
                host: "replica",
                port: 6432,
                users,
                extensions: [
                    { name: "hstore", schema: "x" },
                    { name: "ltree", optional: true },
                ],
                tables: [EVENTS],
            }),
        ]);
        expect(plan.databases).toEqual([
            {
                database: "upstream_db",
                servers: [
                    { host: "primary", port: 5432, database: "upstream_db", connections: [] },
                    { host: "replica", port: 6432, database: "upstream_db", connections: [] },
                ],
                users: ["svc"],
                open: false,
                passedThrough: [],
                publications: [],
                seed: [],
                extensions: [
                    { name: "hstore", schema: "x" },
                    { name: "ltree", optional: true },
                ],
                ddl: [ddl("CREATE TYPE a AS ENUM ()")],
                tables: [{ ...EVENTS, at: "upstreams[2].tables[0]" }],
            },
            {
                database: "other",
                servers: [{ host: "other", port: 5432, database: "other", connections: [] }],
                users: [],
                open: false,
                passedThrough: [],
                publications: [],
                seed: [],
                extensions: [],
                ddl: [],
                tables: [{ ...EVENTS, at: "upstreams[1].tables[0]" }],
            },
        ]);
        expect(plan.users).toEqual(users);
    });

    test("declared twice alike holds everything once", () => {
        const one = upstream({
            ddl: [ddl("CREATE TABLE x ()", "upstreams[0].ddl")],
            tables: [{ ...EVENTS, rows: [{ id: 1 }, { id: 2 }] }],
        });
        const same = { ...one, host: "replica", ddl: [ddl("CREATE TABLE x ()", "upstreams[1].ddl")] };
        const [database] = planStubs([one, same]).databases;
        expect(database?.ddl).toEqual(one.ddl);
        expect(database?.tables).toEqual([{ ...one.tables[0], at: "upstreams[0].tables[0]" }]);
    });

    test("keeps different DDL and adds the rows up", () => {
        const [database] = planStubs([
            upstream({ ddl: [ddl("CREATE TABLE x ()")], tables: [{ ...EVENTS, rows: [{ id: 1 }] }] }),
            upstream({ host: "b", ddl: [ddl("CREATE TABLE y ()")], tables: [{ ...EVENTS, rows: [{ id: 2 }] }] }),
        ]).databases;
        expect(database?.ddl.map(({ sql }) => sql)).toEqual(["CREATE TABLE x ()", "CREATE TABLE y ()"]);
        expect(database?.tables.map(({ rows }) => rows)).toEqual([[{ id: 1 }, { id: 2 }]]);
    });

    test("lists a server once", () => {
        const tls = { sslmode: "require" };
        const all = [
            upstream({ connections: [tls] }),
            upstream({ tables: [EVENTS], connections: [tls, { options: "x" }] }),
        ];
        const [database] = planStubs(all).databases;
        expect(database?.servers).toEqual([
            { host: "upstream_db", port: 5432, database: "upstream_db", connections: [tls, { options: "x" }] },
        ]);
    });

    test.each([
        ["another type", table("events", ["id int"])],
        ["another name", table("events", ["ID bigint"])],
        ["more columns", table("events", ["id bigint", "note text"])],
        ["fewer columns", table("events", [])],
    ])("refuses a table with %s, and shows both places", (_, other) => {
        expect(problems(upstream({ tables: [EVENTS] }), upstream({ host: "b", tables: [EVENTS, other] }))).toBe(
            'The upstreams contradict each other: upstreams[0].tables[0] and upstreams[1].tables[1] declare "public"."events" of the same database with different columns. One database holds a table once: make them equal, or give one of the upstreams a `stub`, a database of its own in the server.',
        );
    });

    test("takes columns in another order for a contradiction", () => {
        const a = table("t", ["a int", "b int"]);
        const b = table("t", ["b int", "a int"]);
        expect(problems(upstream({ tables: [a] }), upstream({ tables: [b] }))).toContain("different columns");
    });
});

describe("users", () => {
    test.each([
        [undefined, undefined, undefined],
        ["x", undefined, "x"],
        [undefined, "x", "x"],
        ["x", "x", "x"],
    ])("with the passwords %j and %j have %j", (first, second, expected) => {
        const user = (password: string | undefined) =>
            password === undefined ? { name: "svc" } : { name: "svc", password };
        const plan = planStubs([
            upstream({ users: [user(first)] }),
            upstream({ database: "b", users: [user(second)] }),
        ]);
        expect(plan.users).toStrictEqual([user(expected)]);
        expect(plan.databases.map((database) => database.users)).toEqual([["svc"], ["svc"]]);
    });

    test("with two passwords are refused, without showing either", () => {
        const message = problems(
            upstream({ users: [{ name: "a" }, { name: "svc", password: "hunter2" }] }),
            upstream({ database: "b", users: [{ name: "svc", password: "correct-horse" }] }),
        );
        expect(message).toBe(
            'The upstreams contradict each other: upstreams[0].users[1] and upstreams[1].users[0] give the user "svc" different passwords. Roles belong to the whole server: give them the same, or use two names.',
        );
    });

    test("of one upstream are not let into the other's database", () => {
        const plan = planStubs([
            upstream({ users: [{ name: "a" }] }),
            upstream({ database: "b", users: [{ name: "b" }] }),
        ]);
        expect(plan.databases.map((database) => database.users)).toEqual([["a"], ["b"]]);
    });
});

describe("hosts and ports", () => {
    test("two upstreams with the same table names stay apart", () => {
        const plan = planStubs([
            upstream({ host: "a", database: "a", tables: [EVENTS] }),
            upstream({ host: "b", database: "b", tables: [table("events", ["id uuid"])] }),
        ]);
        expect(plan.databases.map(({ database, tables }) => [database, tables[0]?.columns[0]?.type])).toEqual([
            ["a", "bigint"],
            ["b", "uuid"],
        ]);
    });

    test("one host with several databases is one alias", () => {
        const plan = planStubs(["a", "b", "c"].map((database) => upstream({ host: "Db", database })));
        expect(plan.network.hostAliases).toEqual([{ host: "db", ip: "127.0.0.1" }]);
        expect(plan.databases.map(({ database }) => database)).toEqual(["a", "b", "c"]);
    });

    test("the loopback needs no alias, and letter case makes no other host", () => {
        const hosts = ["localhost", "127.0.0.1", "::1", "db", "DB", "Other"];
        expect(planStubs(hosts.map((host) => upstream({ host }))).network.hostAliases.map(({ host }) => host)).toEqual([
            "db",
            "other",
        ]);
    });

    test("ports other than the server's own are extra, each once", () => {
        const ports = [5432, 6432, 5433, 6432];
        expect(planStubs(ports.map((port) => upstream({ port }))).network.ports).toEqual([6432, 5433]);
    });
});

describe("stubs of their own", () => {
    test("hold what the others of the same database name do not", () => {
        const plan = planStubs([
            upstream({ tables: [EVENTS] }),
            upstream({ host: "b", stub: "other", tables: [table("events", ["id uuid"])] }),
        ]);
        expect(
            plan.databases.map(({ database, servers }) => [database, servers[0]?.host, servers[0]?.database]),
        ).toEqual([
            ["upstream_db", "upstream_db", "upstream_db"],
            ["other", "b", "upstream_db"],
        ]);
    });

    test.each<[string, Upstream[], string]>([
        ["at one place", [upstream(), upstream({ stub: "x" })], "are the same database of the same server"],
        [
            "where the server itself is asked",
            [upstream({ host: "localhost", stub: "x" })],
            "where a database cannot have another name",
        ],
    ])("are refused %s", (_, upstreams, message) => {
        expect(problems(...upstreams)).toContain(message);
    });

    test.each([
        ["dev", "the dev database and an upstream's database are both called"],
        ["fdw_stub", "is the one in which fresh databases are handed out"],
    ])("are needed for the name %s", (database, message) => {
        expect(() => checkDatabases(planStubs([upstream({ database })]), "dev")).toThrow(message);
        expect(() => checkDatabases(planStubs([upstream({ database, stub: "x" })]), "dev")).not.toThrow();
    });
});

test("a role that the schema creates is not made, and its stub is open to everybody", () => {
    const plan = planStubs([upstream({ users: [{ name: "own", created: true }, { name: "svc" }] })]);
    expect(plan.users).toEqual([{ name: "svc" }]);
    expect(plan.databases[0]).toMatchObject({ users: ["svc"], open: true });
});

test("several contradictions come in one message", () => {
    const message = problems(
        upstream({ users: [{ name: "u", password: "a" }], tables: [EVENTS] }),
        upstream({ users: [{ name: "u", password: "b" }], tables: [table("events", [])] }),
    );
    expect(message.split("\n")).toHaveLength(3);
    expect(message).toContain("2 problems");
});

test("merging loses no database, host, user or table, and invents none", () => {
    const name = fc.constantFrom("a", "b", "c", "A");
    const some = fc.array(
        fc.record({
            host: name,
            port: fc.constantFrom(5432, 5433),
            database: name,
            users: fc.array(name.map((one) => ({ name: one }))),
            tables: fc.array(name.map((one) => table(one, ["id bigint"]))),
        }),
        { minLength: 1, maxLength: 6 },
    );
    const set = (values: readonly string[]) => [...new Set(values)].sort();
    fc.assert(
        fc.property(some, (given) => {
            const upstreams = given.map((one) => upstream(one));
            const plan = planStubs(upstreams);
            expect(plan.databases.map((one) => one.database).sort()).toEqual(set(given.map((one) => one.database)));
            expect(plan.network.hostAliases.map(({ host }) => host).sort()).toEqual(
                set(given.map((one) => one.host.toLowerCase())),
            );
            expect(plan.users.map((one) => one.name).sort()).toEqual(
                set(given.flatMap((one) => one.users.map((user) => user.name))),
            );
            expect(
                plan.databases.flatMap((one) => one.tables.map((t) => JSON.stringify([one.database, t.name]))).sort(),
            ).toEqual(set(given.flatMap((one) => one.tables.map((t) => JSON.stringify([one.database, t.name])))));
        }),
    );
});
