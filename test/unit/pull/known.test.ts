import { describe, expect, test } from "vitest";
import { findUpstream, type KnownUpstream, knownUpstreams, sourcesOf } from "../../../pull/known";

describe("what is connected to", () => {
    const env = {
        FDW_STUB_PULL_ORDERS: "postgres://o",
        FDW_STUB_PULL_BILLING_EU: "postgres://b",
        FDW_STUB_PULL_: "x",
        FDW_STUB_PULL_EMPTY: "",
    };
    test.each<[string, Parameters<typeof sourcesOf>[0], Record<string, string>, object[]]>([
        ["--from", { from: "url", upstream: ["o"] }, env, [{ name: "o", from: "url", source: "--from" }]],
        [
            "all variables",
            {},
            env,
            [
                { name: "billing_eu", from: "postgres://b", source: "FDW_STUB_PULL_BILLING_EU" },
                { name: "orders", from: "postgres://o", source: "FDW_STUB_PULL_ORDERS" },
            ],
        ],
        [
            "one variable",
            { upstream: ["Billing-eu"] },
            env,
            [{ name: "Billing-eu", from: "postgres://b", source: "FDW_STUB_PULL_BILLING_EU" }],
        ],
        [
            "libpq's variables",
            { upstream: ["x"] },
            { PGHOST: "h" },
            [{ name: "x", from: undefined, source: "The environment (PGHOST and the like)" }],
        ],
    ])("%s", (_, options, given, expected) => {
        expect(sourcesOf(options, given)).toEqual(expected);
    });

    test.each<[string, Parameters<typeof sourcesOf>[0], Record<string, string>, RegExp]>([
        ["nothing", {}, {}, /Give --from URL --upstream NAME, or a variable/],
        ["--from for nobody", { from: "postgres://hush" }, {}, /--upstream names 0\. Name one/],
        ["--from for two", { from: "postgres://hush", upstream: ["a", "b"] }, {}, /--upstream names 2/],
        ["two of libpq's variables", { upstream: ["a", "b"] }, { PGHOST: "h" }, /the variable FDW_STUB_PULL_A\./],
        ["a path", { from: "postgres://hush", upstream: ["../a"] }, {}, /"\.\.\/a" is no name for a file/],
        ["a hidden file", { upstream: [".a"] }, {}, /is no name for a file/],
    ])("refuses %s", (_, options, given, message) => {
        expect(() => sourcesOf(options, given)).toThrow(message);
        expect(() => sourcesOf(options, given)).not.toThrow("hush");
    });
});

describe("which upstream is meant", () => {
    const upstream = (...names: string[]): KnownUpstream => ({
        place: `${names.at(-1)}:5432/${names.at(-2)}`,
        names,
        tables: [],
        schemas: [],
        roles: [],
    });
    const orders = upstream("orders_server", "orders", "db.internal");
    const billing = upstream("billing-eu", "billing", "db.internal");
    test.each<[string, KnownUpstream[], KnownUpstream | undefined]>([
        ["orders", [orders, billing], orders],
        ["BILLING_EU", [orders, billing], billing],
        ["db.internal:5432/billing", [orders, billing], billing],
        ["shop", [orders, billing], undefined],
        ["shop", [orders], orders],
        ["shop", [], undefined],
    ])("%s", (name, known, expected) => {
        expect(findUpstream(name, known)).toBe(expected);
    });

    test("is not said where two are called so", () => {
        expect(() => findUpstream("db.internal", [orders, billing])).toThrow(
            "orders_server, orders, billing-eu, billing",
        );
    });

    test("is told by servers, and has what is used of it", async () => {
        const place = { file: "a.sql", line: 1 };
        const address = { host: "h", port: 5432, database: "d" };
        const table = (name: string) => ({ schema: "s", name, columns: [], place });
        const known = await knownUpstreams(
            [
                {
                    ...address,
                    users: [{ name: "z" }, { name: "a" }],
                    extensions: [],
                    ddl: [{ origin: "a.sql", line: 1, sql: `CREATE SCHEMA "S x"; CREATE SCHEMA IF NOT EXISTS s` }],
                    tables: [{ schema: "s", name: "t", columns: [], rows: [] }],
                },
            ],
            [{ ...address, servers: [{ name: "srv", place }], users: [], tables: [table("t"), table("u")] }],
        );
        expect(known).toEqual([
            {
                place: "h:5432/d",
                names: ["srv", "d", "h"],
                tables: [
                    { schema: "s", name: "t" },
                    { schema: "s", name: "u" },
                ],
                schemas: ["S x", "s"],
                roles: ["a", "z"],
            },
        ]);
    });
});
