import { describe, expect, test } from "vitest";
import { noFacts } from "../../../rehearsal/facts";
import { type ResultInput, resultOf, type StubContent } from "../../../rehearsal/result";
import type { Place } from "../../../schema/report";

const place = (line: number): Place => ({ file: "s.sql", line });

type Options = Record<string, string>;
interface Told {
    /** Name and options of each server, in order; `!name` is one that another wrapper serves. */
    servers?: Array<[string, Options]>;
    /** Server, role and options. */
    mappings?: Array<[string, string, Options]>;
    /** host, port, database, user, password. */
    connections?: Array<[string, number, string, string, string?]>;
    /** Servers that were dropped. */
    dropped?: string[];
    /** `server role` of mappings that were dropped. */
    unmapped?: string[];
    createdRoles?: string[];
    standIns?: string[];
    stubs?: Record<string, Partial<StubContent>>;
}

function found(told: Told, devUser = "postgres") {
    const facts = noFacts();
    let line = 0;
    const next = () => {
        line += 1;
        return place(line);
    };
    for (const [name, options] of told.servers ?? []) {
        const handled = !name.startsWith("!");
        facts.servers.push({ name, handled, options, place: next() });
    }
    for (const [server, role, options] of told.mappings ?? []) {
        facts.mappings.push({ server, role, options, place: next() });
    }
    for (const [host, port, database, user, password] of told.connections ?? []) {
        facts.connections.push({
            host,
            port,
            database,
            user,
            ...(password === undefined ? {} : { password }),
            tls: false,
            place: next(),
        });
    }
    const input: ResultInput = {
        facts,
        end: {
            servers: new Set(facts.servers.map(({ name }) => name).filter((name) => !told.dropped?.includes(name))),
            mappings: new Set(
                facts.mappings
                    .map(({ server, role }) => `${server} ${role}`)
                    .filter((key) => !told.unmapped?.includes(key))
                    .map((key) => key.replace(" ", "\0")),
            ),
            databases: [],
            createdRoles: new Set(told.createdRoles ?? []),
        },
        stubs: new Map(
            Object.entries(told.stubs ?? {}).map(([database, content]) => [
                database,
                { entries: [], tables: [], immovable: new Set<string>(), ...content },
            ]),
        ),
        used: [],
        own: new Set(["dev"]),
        plain: new Set(),
        devUser,
        standsIn: (text) => (told.standIns ?? []).includes(text),
    };
    return resultOf(input);
}

const short = ({ upstreams }: ReturnType<typeof resultOf>) =>
    upstreams.map(({ host, port, database, users }) =>
        [
            `${host}:${port}/${database}`,
            ...users.map(({ name, password, created, trusted }) =>
                [
                    password === undefined ? name : `${name}:${password}`,
                    ...(created ? ["created"] : []),
                    ...(trusted ? ["trusted"] : []),
                ].join(" "),
            ),
        ].join(" "),
    );

const S: Told["servers"] = [["s", { host: "h", dbname: "d" }]];
const M: Told["mappings"] = [["s", "app", { user: "u", password: "p" }]];

describe("upstreams", () => {
    test.each<[string, Told, string[]]>([
        ["nothing", {}, []],
        ["a server with its mapping", { servers: S, mappings: M }, ["h:5432/d u:p"]],
        ["without a mapping", { servers: S }, ["h:5432/d"]],
        [
            "altered: the last is what counts",
            { servers: [...S, ["s", { host: "k", dbname: "e" }]], mappings: M },
            ["k:5432/e u:p"],
        ],
        [
            "altered, but the first was connected to",
            {
                servers: [...S, ["s", { host: "k", dbname: "d" }]],
                mappings: M,
                connections: [["h", 5432, "d", "u", "p"]],
            },
            ["h:5432/d u:p", "k:5432/d u:p"],
        ],
        ["dropped, and never connected to", { servers: S, mappings: M, dropped: ["s"] }, []],
        [
            "dropped, but connected to",
            { servers: S, mappings: M, dropped: ["s"], connections: [["h", 5432, "d", "u", "p"]] },
            ["h:5432/d u:p"],
        ],
        ["another wrapper", { servers: [["!f", { host: "x", dbname: "d" }]] }, []],
        [
            "the dev database itself",
            { servers: [["s", { dbname: "dev" }]], mappings: M, connections: [["localhost", 5432, "dev", "u"]] },
            [],
        ],
        ["another database of this server", { servers: [["s", { dbname: "d" }]] }, ["localhost:5432/d"]],
        ["several hosts", { servers: [["s", { host: "a,b", port: "1,2", dbname: "d" }]] }, ["a:1/d", "b:2/d"]],
        [
            "no dbname: the database is called like the user, who is its only one",
            {
                servers: [["s", { host: "h" }]],
                mappings: [
                    ["s", "a", { user: "u", password: "p" }],
                    ["s", "b", { user: "v" }],
                ],
            },
            ["h:5432/u u:p", "h:5432/v v"],
        ],
        ["neither dbname nor mapping", { servers: [["s", { host: "h" }]] }, ["h:5432/postgres"]],
        ["a placeholder without a value", { servers: [["s", { host: "ph", dbname: "d" }]], standIns: ["ph"] }, []],
        ["a placeholder as database", { servers: [["s", { host: "h", dbname: "ph" }]], standIns: ["ph"] }, []],
        [
            "in the order of their names",
            {
                servers: [
                    ["s", { host: "b", dbname: "d" }],
                    ["t", { host: "a", port: "10", dbname: "d" }],
                    ["r", { host: "a", port: "9", dbname: "d" }],
                ],
            },
            ["a:9/d", "a:10/d", "b:5432/d"],
        ],
        ["a port that is none", { servers: [["s", { host: "h", port: "x", dbname: "d" }]] }, []],
        ["a port out of range", { servers: [["s", { host: "h", port: "65536", dbname: "d" }]] }, []],
        ["a host with a blank", { servers: [["s", { host: "h i", dbname: "d" }]] }, []],
        ["dblink alone", { connections: [["h", 5432, "d", "u", "p"]] }, ["h:5432/d u:p"]],
    ])("%s", (_name, told, expected) => {
        expect(short(found(told))).toEqual(expected);
    });
});

describe("users", () => {
    const conflict = (name: string) =>
        expect.objectContaining({ code: "password-conflict", message: expect.stringContaining(`user ${name} `) });
    test.each<[string, Told, string[], unknown[]]>([
        [
            "a mapping without a user",
            { servers: S, mappings: [["s", "app", { password: "p" }]] },
            ["h:5432/d postgres:p"],
            [],
        ],
        [
            "empty texts are none",
            { servers: S, mappings: [["s", "app", { user: "", password: "" }]] },
            ["h:5432/d postgres"],
            [],
        ],
        ["a dropped mapping", { servers: S, mappings: M, unmapped: ["s app"] }, ["h:5432/d"], []],
        [
            "an altered one",
            { servers: S, mappings: [...M, ["s", "app", { user: "v", password: "q" }]] },
            ["h:5432/d v:q"],
            [],
        ],
        ["of two roles", { servers: S, mappings: [...M, ["s", "b", { user: "w" }]] }, ["h:5432/d u:p w"], []],
        [
            "a password that a placeholder gives is none",
            { servers: S, mappings: M, standIns: ["p"] },
            ["h:5432/d u"],
            [],
        ],
        [
            "a computed password that connected",
            { servers: S, mappings: [["s", "app", { user: "u" }]], connections: [["h", 5432, "d", "u", "run"]] },
            ["h:5432/d u:run"],
            [],
        ],
        [
            "two passwords at one upstream: none is asked for",
            { servers: S, mappings: [...M, ["s", "b", { user: "u", password: "q" }]] },
            ["h:5432/d u"],
            [conflict("u")],
        ],
        [
            "two passwords at two upstreams: a role has one on the server",
            {
                servers: [...S, ["t", { host: "k", dbname: "e" }]],
                mappings: [...M, ["t", "app", { user: "u", password: "q" }]],
            },
            ["h:5432/d u", "k:5432/e u"],
            [conflict("u")],
        ],
        [
            "a password at one of two upstreams",
            { servers: [...S, ["t", { host: "k", dbname: "e" }]], mappings: [...M, ["t", "app", { user: "u" }]] },
            ["h:5432/d u:p", "k:5432/e u"],
            [],
        ],
        [
            "one that the schema makes itself, later: the stub is open",
            { servers: S, mappings: M, createdRoles: ["u"] },
            ["h:5432/d u:p created"],
            [],
        ],
        [
            "without a password in the mapping it is not asked",
            { servers: S, mappings: [["s", "app", { user: "u" }]], createdRoles: ["u"] },
            ["h:5432/d u created trusted"],
            [],
        ],
        [
            "the dev user, made again",
            { servers: S, mappings: [["s", "a", { user: "postgres", password: "p" }]], createdRoles: ["postgres"] },
            ["h:5432/d postgres:p"],
            [],
        ],
    ])("%s", (_name, told, expected, findings) => {
        const result = found(told);
        expect(short(result)).toEqual(expected);
        expect(result.findings).toEqual(findings);
        expect(JSON.stringify(result.findings)).not.toMatch(/"[pq]"/);
    });
});

test("the origin tells each part's place, and local roles", () => {
    const [origin] = found({
        servers: [...S, ["s", { host: "h", dbname: "d", fetch_size: "1" }]],
        mappings: [...M, ["s", "PUBLIC", { user: "u", password: "p" }]],
        connections: [["h", 5432, "d", "u", "p"]],
    }).origins;
    expect(origin).toEqual({
        host: "h",
        port: 5432,
        database: "d",
        servers: [{ name: "s", place: place(1) }],
        users: [{ name: "u", roles: ["app", "PUBLIC"], place: place(3) }],
        tables: [],
    });
});

test("tables and DDL come from the stub", () => {
    const [upstream] = found({
        servers: S,
        stubs: {
            "d@h:5432": {
                entries: [
                    "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;",
                    "CREATE SCHEMA x;",
                    "CREATE TABLE x.t (\n    id integer\n);",
                ],
                tables: [{ schema: "x", name: "t", columns: [{ name: "id", type: "integer" }] }],
            },
        },
    }).upstreams;
    expect(upstream).toMatchObject({
        extensions: [{ name: "citext" }],
        ddl: [{ sql: "CREATE SCHEMA x;", origin: "s.sql", line: 1 }],
        tables: [{ schema: "x", name: "t", columns: [{ name: "id", type: "integer" }], rows: [] }],
    });
});
