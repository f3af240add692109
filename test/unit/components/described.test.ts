import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { FdwStubDevDatabaseArgs } from "../../../components";
import { describeArgs, describeUpstreams } from "../../../components/described";
import { resolveArgs } from "../../../components/resolve";

const NONE = { users: [], extensions: [], ddl: [], tables: {}, rows: {} };

describe("describeUpstreams", () => {
    test("names what is left out as CREATE SERVER would take it", () => {
        expect(describeUpstreams([{ database: "orders", users: [] }])).toEqual({ "localhost:5432/orders": NONE });
    });

    test("gives the type of each column, by table, in the given order", () => {
        const [described] = Object.values(
            describeUpstreams([
                {
                    host: "h",
                    port: 6432,
                    database: "d",
                    users: ["reader"],
                    extensions: ["citext"],
                    tables: [
                        {
                            schema: "App",
                            name: "Line Items",
                            columns: [
                                { name: "z", type: "int" },
                                { name: "a", type: "text" },
                            ],
                        },
                        { name: "empty", rows: [{}, {}] },
                    ],
                },
            ]),
        );
        expect(described).toEqual({
            ...NONE,
            users: ["reader"],
            extensions: ["citext"],
            tables: { "App.Line Items": { z: "int", a: "text" }, "public.empty": {} },
            rows: { "public.empty": 2 },
        });
        expect(Object.keys(described?.tables["App.Line Items"] ?? {})).toEqual(["z", "a"]);
    });

    test("shows files of rows by name", () => {
        const seed = ["a.sql", { origin: "b.csv", text: "id\n1" }];
        expect(describeUpstreams([{ database: "d", users: [], seed }])).toEqual({
            "localhost:5432/d": { ...NONE, seed: ["a.sql", "b.csv"] },
        });
    });

    test.each([
        ["a text", { ddl: "CREATE DOMAIN cents AS bigint" }, ["CREATE DOMAIN cents AS bigint"]],
        [
            "files first, then pieces",
            { ddlFiles: ["a.sql"], ddl: [{ origin: "b.sql", line: 3, sql: "SELECT 1" }] },
            ["a.sql", "SELECT 1"],
        ],
    ])("shows DDL: %s", (_, more, ddl) => {
        expect(describeUpstreams([{ database: "d", users: [], ...more }])).toEqual({
            "localhost:5432/d": { ...NONE, ddl },
        });
    });
});

test("no password is among the component's inputs, and a secret stays one", async () => {
    const args: FdwStubDevDatabaseArgs = {
        devUser: "me",
        variables: { PW: "geheim" },
        upstreams: [{ database: "d", users: [{ name: "u", password: "hunter2" }], ddl: pulumi.secret("SELECT 2") }],
    };
    const inputs = describeArgs(args, resolveArgs(args, process.cwd()));
    expect(inputs.variables).toEqual(["PW"]);
    expect(inputs.devUser).toBe("me");
    const upstreams = pulumi.output(inputs.upstreams);
    await expect(pulumi.isSecret(upstreams)).resolves.toBe(true);
    const text = await new Promise<string>((resolve) => {
        upstreams.apply((plain) => resolve(JSON.stringify(plain)));
    });
    expect(JSON.parse(text)).toEqual({ "localhost:5432/d": { ...NONE, users: ["u"], ddl: ["SELECT 2"] } });
});
