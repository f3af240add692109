import { describe, expect, test } from "vitest";
import { type Finding, formatFindings } from "../../../cli/doctor";
import { formatStatus, type Status } from "../../../cli/status";

const UP: Status = {
    stack: "dev",
    state: "up",
    problems: [],
    madeBy: "standalone",
    container: "fdw-stub-dev-12345678",
    port: 25879,
    image: "postgres:18",
    devDatabase: "dev",
    servers: [
        { host: "a.internal", port: 5432, database: "shop" },
        { host: "b", port: 5433, database: "shop" },
    ],
    stubs: [
        { database: "shop", tableCount: 1, tables: ["public.t (id bigint)"], extensions: [], users: [] },
        { database: "big", tableCount: 5000, tables: ["a.b ()", "a.c ()"], extensions: ["citext"], users: ["u", "v"] },
        { database: "none", tableCount: 0, tables: [], extensions: [], users: ["u"] },
    ],
};

describe("status", () => {
    test("of a stack that is up", () => {
        expect(formatStatus(UP)).toBe(
            `stack      dev: up
made by    fdw-stub up
container  fdw-stub-dev-12345678, published at 127.0.0.1:25879
image      postgres:18
dev        database dev
upstream   a.internal:5432/shop
upstream   b:5433/shop
stubs
  shop: 1 table
    public.t (id bigint)
  big: 5000 tables, users u, v
    a.b ()
    a.c ()
    and 4998 more
  none: 0 tables, users u`,
        );
    });

    test.each<[string, Status, RegExp]>([
        ["that is absent", { stack: "x", state: "absent", problems: [] }, /^stack {6}x: absent$/],
        [
            "with a stand-in",
            { ...UP, image: "fdw-stub/postgres-stand-in:18", standIn: "forky postgresql-18 18.6-3" },
            /^image {6}fdw-stub\/postgres-stand-in:18 \(a stand-in for the official image: forky postgresql-18 18\.6-3\)$/m,
        ],
        ["of the other door", { ...UP, madeBy: "pulumi" }, /^made by {4}pulumi up$/m],
        [
            "that is broken, with every reason below its state",
            { ...UP, state: "broken", problems: ["first", "second"] },
            /^stack {6}dev: broken\n {11}first\n {11}second\nmade by/,
        ],
        [
            "of which little is known",
            { stack: "x", state: "broken", problems: ["gone"] },
            /container {2}\?, published at 127\.0\.0\.1:\?\nimage {6}\?\ndev {8}database \?$/,
        ],
    ])("of a stack %s", (_, status, expected) => {
        expect(formatStatus(status)).toMatch(expected);
    });
});

describe("findings", () => {
    test.each<[Finding[], string]>([
        [[], ""],
        [[{ ok: true, subject: "Docker", text: "answers" }], "ok   Docker: answers"],
        [
            [
                { ok: true, subject: "a", text: "fine" },
                { ok: false, subject: "b", text: "not fine" },
            ],
            "ok   a: fine\nBAD  b: not fine",
        ],
    ])("%#", (findings, text) => {
        expect(formatFindings(findings)).toBe(text);
    });
});
