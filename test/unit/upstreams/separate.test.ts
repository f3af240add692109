import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Upstream } from "../../../upstreams/model";
import { separateStubs } from "../../../upstreams/separate";
import { planStubs } from "../../../upstreams/stubs";
import { table, upstream } from "./builders";

const A = [table("a", ["id int"])];
const B = [table("b", ["id int"])];
const at = (host: string, tables: Upstream["tables"] = [], more: Partial<Upstream> = {}) =>
    upstream({ host, database: "d", tables, ...more });

describe("separateStubs", () => {
    test.each<[string, Upstream[], Array<string | undefined>]>([
        ["one alone", [at("a", A)], [undefined]],
        ["the same tables", [at("a", A), at("b", A)], [undefined, undefined]],
        ["a replica without tables", [at("a", A), at("b"), at("c", A)], [undefined, undefined, undefined]],
        ["other tables", [at("a", A), at("b", B), at("c", B)], [undefined, "d@b:5432", "d@b:5432"]],
        [
            "other rows",
            [at("a", A), at("b", [{ ...table("a", ["id int"]), rows: [{ id: 1 }] }])],
            [undefined, "d@b:5432"],
        ],
        [
            "other files of rows",
            [at("a", A), at("b", A, { seed: [{ origin: "a.csv", text: "id\n1" }] })],
            [undefined, "d@b:5432"],
        ],
        ["another port", [at("a", A), at("a", B, { port: 5433 })], [undefined, "d@a:5433"]],
        ["an address", [at("a", A), at("b", B, { hostaddr: "10.0.0.5" })], [undefined, "d@10.0.0.5:5432"]],
        ["the server itself, which keeps the name", [at("a", A), at("localhost", B)], ["d@a:5432", undefined]],
        [
            "the server itself without tables",
            [at("localhost"), at("a", A), at("b", B)],
            [undefined, undefined, "d@b:5432"],
        ],
        ["one place twice", [at("a", A), at("A", B)], [undefined, undefined]],
        ["a stub that is given", [at("a", A), at("b", B, { stub: "mine" })], [undefined, "mine"]],
        [
            "a name that is taken",
            [at("a", A), at("b", B), upstream({ database: "d@b:5432" })],
            [undefined, expect.stringMatching(/^d@[0-9a-f]{12}$/), undefined],
        ],
        ["a reserved name", [upstream({ database: "dev", tables: A })], ["dev@upstream_db:5432"]],
        [
            "a reserved name at the server itself, which nothing can lead elsewhere",
            [upstream({ host: "localhost", database: "dev", tables: A })],
            [undefined],
        ],
        ["a reserved name without tables", [upstream({ database: "dev" })], ["dev@upstream_db:5432"]],
    ])("%s", (_, upstreams, expected) => {
        expect(separateStubs(upstreams, ["dev"]).map(({ stub }) => stub)).toEqual(expected);
    });

    test("leaves nothing that contradicts, whatever the tables, and keeps names within PostgreSQL's length", () => {
        const some = fc.array(
            fc.record({
                host: fc.constantFrom("a", "b", "c", "localhost", "10.0.0.5", "/s"),
                port: fc.constantFrom(5432, 5433),
                database: fc.constantFrom("d", "x".repeat(63), "ж".repeat(31)),
                tables: fc.constantFrom([], A, B, [table("a", ["id text"])]),
            }),
            { maxLength: 8 },
        );
        fc.assert(
            fc.property(some, (given) => {
                const once = given.filter(
                    (one, i) =>
                        given.findIndex(
                            (a) => a.host === one.host && a.port === one.port && a.database === one.database,
                        ) === i,
                );
                const separated = separateStubs(once.map((one) => upstream(one)));
                const plan = planStubs(separated);
                expect(plan.databases.every(({ database }) => Buffer.byteLength(database) <= 63)).toBe(true);
                expect(separateStubs(separated)).toEqual(separated);
            }),
        );
    });
});
