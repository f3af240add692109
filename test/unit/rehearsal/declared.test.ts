import { describe, expect, test } from "vitest";
import { completed } from "../../../rehearsal/declared";
import type { Upstream } from "../../../upstreams/model";

function upstream(part: Partial<Upstream>): Upstream {
    return { host: "h", port: 5432, database: "d", users: [], extensions: [], ddl: [], tables: [], ...part };
}
const table = (name: string) => ({ schema: "public", name, columns: [{ name: "id", type: "bigint" }], rows: [] });
const ddl = (sql: string) => [{ origin: "x", line: 1, sql }];
const short = (found: readonly Upstream[]) =>
    found.map(
        ({ host, port, database, users, tables, ddl: texts }) =>
            `${host}:${port}/${database} ${users.map(({ name, password }) => `${name}:${password ?? ""}`).join(" ")} [${[...texts.map(({ sql }) => sql), ...tables.map(({ name }) => name)].join(" ")}]`,
    );

describe("declared and derived upstreams", () => {
    test.each<[string, Array<Partial<Upstream>>, Array<Partial<Upstream>>, string[]]>([
        ["nothing", [], [], []],
        ["derived only", [], [{ users: [{ name: "u" }], tables: [table("t")] }], ["h:5432/d u: [t]"]],
        [
            "declared only: as it is declared",
            [{ users: [{ name: "u", password: "p" }], tables: [table("t")] }],
            [],
            ["h:5432/d u:p [t]"],
        ],
        [
            // The rehearsal began with what is declared, so what was derived has all of it.
            "both: the content is the derived one, under the declared address",
            [{ host: "H", ddl: ddl("A") }],
            [{ ddl: ddl("A"), tables: [table("t")] }],
            ["H:5432/d  [A t]"],
        ],
        [
            "another host of the same database is another upstream",
            [{ host: "k" }],
            [{ tables: [table("t")] }],
            ["k:5432/d  []", "h:5432/d  [t]"],
        ],
        ["another port is another upstream", [{ port: 1 }], [{}], ["h:1/d  []", "h:5432/d  []"]],
        [
            "users of both",
            [{ users: [{ name: "w", password: "q" }] }],
            [{ users: [{ name: "u", password: "p" }] }],
            ["h:5432/d w:q u:p []"],
        ],
        [
            "a declared password wins",
            [{ users: [{ name: "u", password: "mine" }] }],
            [{ users: [{ name: "u", password: "p" }] }],
            ["h:5432/d u:mine []"],
        ],
        [
            "a declared user without a password takes the mapping's",
            [{ users: [{ name: "u" }] }],
            [{ users: [{ name: "u", password: "p" }] }],
            ["h:5432/d u:p []"],
        ],
        [
            "a role has one password, wherever it is declared",
            [{ host: "k", database: "e", users: [{ name: "u", password: "mine" }] }],
            [{ users: [{ name: "u", password: "p" }] }],
            ["k:5432/e u:mine []", "h:5432/d u:mine []"],
        ],
    ])("%s", (_name, declared, derived, expected) => {
        expect(short(completed(declared.map(upstream), derived.map(upstream)))).toEqual(expected);
    });
});
