import { describe, expect, test } from "vitest";
import { type Asked, mergeDeclared, placeUpstreams, sharedDatabases } from "../../../rehearsal/placement";
import type { Upstream } from "../../../upstreams/model";

const upstream = (more: Partial<Upstream> = {}): Upstream => ({
    host: "localhost",
    port: 5432,
    database: "d",
    users: [],
    extensions: [],
    ddl: [],
    tables: [],
    ...more,
});
const unplaced = (more: Partial<Upstream> = {}) => upstream({ unplaced: true, ...more });
const asked = (host: string, port = 5432, database = "d"): Asked => ({
    host,
    port,
    database,
    servers: [{ name: `s_${host}`, place: { file: "a.sql", line: 3 } }],
});

describe("an upstream that is declared by its database", () => {
    test.each<[string, Upstream, Asked[], string]>([
        ["is where the schema asks for it", unplaced(), [asked("far", 6432), asked("x", 5432, "e")], "far:6432"],
        ["is the server itself where nothing asks for it", unplaced(), [asked("x", 5432, "e")], "localhost:5432"],
        [
            "is the server itself where it is asked for there too",
            unplaced(),
            [asked("far"), asked("localhost")],
            "localhost:5432",
        ],
        ["with a host of its own it is there", upstream({ host: "own" }), [asked("far")], "own:5432"],
    ])("%s", (_name, declared, all, place) => {
        const [placed] = placeUpstreams([declared], all);
        expect(`${placed?.host}:${placed?.port}`).toBe(place);
        expect(placed).not.toHaveProperty("unplaced");
    });

    test("is nowhere where several could be meant", () => {
        expect(() => placeUpstreams([upstream(), unplaced()], [asked("a"), asked("b", 1)])).toThrow(
            'The configuration cannot be used: upstreams[1]: the schema asks for the database "d" at a:5432 (server s_a, a.sql:3) and b:1 (server s_b, a.sql:3). Give the host that is meant',
        );
    });

    test("is one on all hosts until then, unless another one of that name is declared", () => {
        const declared = [unplaced(), unplaced(), unplaced({ database: "e" }), upstream({ host: "h", database: "e" })];
        expect(sharedDatabases(declared)).toEqual(new Set(["d"]));
    });
});

describe("declarations of one upstream", () => {
    const table = (...columns: Array<[string, string]>) => ({
        schema: "s",
        name: "t",
        columns: columns.map(([name, type]) => ({ name, type })),
        rows: [],
    });

    test("are one, whatever each of them tells", () => {
        const merged = mergeDeclared([
            upstream({
                host: "H",
                users: [{ name: "a" }],
                tables: [table(["x", "int"])],
                seed: [{ origin: "a.sql", text: "SELECT 1" }],
            }),
            upstream({ host: "other" }),
            upstream({
                host: "h",
                users: [{ name: "a", password: "p" }, { name: "b" }],
                extensions: [{ name: "citext" }],
                tables: [table(["x", "int"], ["y", "date"]), { ...table(["z", "int"]), name: "u" }],
                seed: [{ origin: "b.csv", text: "x" }],
            }),
        ]);
        expect(merged.map(({ host }) => host)).toEqual(["H", "other"]);
        expect(merged[0]).toMatchObject({
            users: [{ name: "a" }, { name: "b" }],
            extensions: [{ name: "citext" }],
            tables: [table(["x", "int"], ["y", "date"]), { name: "u" }],
            seed: [{ origin: "a.sql" }, { origin: "b.csv" }],
        });
    });

    test.each<[string, Upstream, RegExp]>([
        [
            "a column of two types",
            upstream({ tables: [table(["x", "date"])] }),
            /^The upstreams contradict each other: upstreams: the column s\.t\.x is declared as int and as date\. Remove one\.$/,
        ],
        [
            "a contract beside tables",
            upstream({ contract: ["c.sql"] }),
            /declared with a contract, and with tables or DDL beside it/,
        ],
    ])("%s is refused", (_name, other, error) => {
        expect(() => mergeDeclared([upstream({ tables: [table(["x", "int"])] }), other])).toThrow(error);
    });
});
