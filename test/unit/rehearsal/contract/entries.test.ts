import { describe, expect, test } from "vitest";
import { policiesFor, stubEntries } from "../../../../rehearsal/contract/entries";
import { placesOf } from "../../../../rehearsal/contract/places";
import { loadParser, parseSql } from "../../../../upstreams/parser";

describe("entries of a dump as a stub has them", () => {
    test.each<[string, string, string, string]>([
        [
            "a foreign table is a table",
            "FOREIGN TABLE",
            `CREATE FOREIGN TABLE "A b".t (\n    id integer,\n    note text DEFAULT ' SERVER x;'::text NOT NULL\n)\nSERVER "my server";`,
            `CREATE TABLE "A b".t (\n    id integer,\n    note text DEFAULT ' SERVER x;'::text NOT NULL\n);`,
        ],
        [
            "what else is said of it is said of the table",
            "FOREIGN TABLE",
            "CREATE FOREIGN TABLE s.t (\n    id integer\n)\nINHERITS (s.p)\nSERVER x;\nALTER FOREIGN TABLE ONLY s.t ALTER COLUMN id SET STATISTICS 100;",
            "CREATE TABLE s.t (\n    id integer\n)\nINHERITS (s.p);\nALTER TABLE ONLY s.t ALTER COLUMN id SET STATISTICS 100;",
        ],
        [
            "a materialized view is a view",
            "MATERIALIZED VIEW",
            "CREATE MATERIALIZED VIEW s.m AS\n SELECT 1 AS a\n  WITH NO DATA;\nALTER TABLE ONLY s.m ALTER COLUMN a SET STATISTICS 100;",
            "CREATE VIEW s.m AS\n SELECT 1 AS a;",
        ],
        [
            "without its storage parameters",
            "MATERIALIZED VIEW",
            `CREATE MATERIALIZED VIEW s."odd name"\nWITH (fillfactor='70') AS\n SELECT 1 AS a\n  WITH NO DATA;`,
            `CREATE VIEW s."odd name" AS\n SELECT 1 AS a;`,
        ],
        ["a view stays as it is", "VIEW", "CREATE VIEW s.v AS\n SELECT 1;", "CREATE VIEW s.v AS\n SELECT 1;"],
    ])("%s", async (_name, type, text, made) => {
        await loadParser();
        expect(stubEntries([{ type, text }])).toEqual({ made: [made], policies: [] });
        expect(parseSql(made)).toHaveProperty("nodes");
    });

    test("policies are for the logins that have the privileges of their roles", () => {
        const policies = [
            'CREATE POLICY p ON s.t FOR SELECT TO readers, "Odd, role" USING (true);',
            "CREATE POLICY q ON s.t AS RESTRICTIVE TO writers USING (true);",
            "CREATE POLICY everybody ON s.t USING ((x = ' TO readers '::text));",
        ];
        const members = new Map([
            ["readers", ["a", "b"]],
            ["Odd, role", ["b", "c"]],
            ["writers", []],
        ]);
        expect(stubEntries(policies.map((text) => ({ type: "POLICY", text })))).toEqual({ made: [], policies });
        expect(policiesFor(policies, members)).toEqual([
            'CREATE POLICY p ON s.t FOR SELECT TO "a", "b", "c" USING (true);',
            policies[2],
        ]);
    });
});

describe("places in a contract", () => {
    test("are those where a relation was made, and a column got its present type", () => {
        const at = (line: number) => ({ file: "f", line });
        const column = (number: number, name: string, type: string) => ({ number, name, type });
        const places = placesOf([
            {
                oid: "1",
                schema: "s",
                name: "old",
                columns: [column(1, "a", "int"), column(2, "b", "int")],
                place: at(1),
            },
            { oid: "2", schema: "s", name: "dropped", columns: [column(1, "a", "int")], place: at(2) },
            {
                oid: "1",
                schema: "s",
                name: "t",
                columns: [column(1, "a", "date"), column(2, "c", "int")],
                place: at(3),
            },
            { oid: "3", schema: "s", name: "dropped", columns: [column(1, "a", "int")], place: at(4) },
        ]);
        expect(Object.fromEntries(places.relations)).toEqual({ '["s","t"]': at(1), '["s","dropped"]': at(4) });
        expect(Object.fromEntries(places.columns)).toEqual({
            '["s","t","a"]': at(3),
            '["s","t","c"]': at(1),
            '["s","dropped","a"]': at(4),
        });
    });
});
