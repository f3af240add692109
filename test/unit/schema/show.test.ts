import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { formatInference } from "../../../schema";
import { parseConfiguration, resolveUpstreams } from "../../../upstreams/parse";
import { parseSql } from "../../../upstreams/parser";
import { infer, SERVER } from "./compact";
import { exampleNames, inferExample } from "./examples";

const SQL = `CREATE EXTENSION postgres_fdw; ${SERVER}
CREATE TYPE e AS ENUM ('x');
CREATE FOREIGN TABLE "T" (id int, "a b" e) SERVER s OPTIONS (schema_name 'r');
GRANT SELECT ON "T" TO app;
IMPORT FOREIGN SCHEMA public FROM SERVER s INTO public;
CREATE VIEW v AS SELECT x, upper(y) AS y FROM imported;`;

describe("formats", () => {
    test("table, for people: every part with its place, and no password", async () => {
        const text = formatInference(await infer(SQL), "table");
        expect(text).toBe(
            `h:5432/d
  server s                         schema.sql:1
  user u (for CURRENT_USER)        schema.sql:1
  public.imported                  schema.sql:6
    x text  (a guess)              schema.sql:6
    y text  (argument of upper())  schema.sql:6
  r.T                              schema.sql:3
    id integer                     schema.sql:3
    a b e                          schema.sql:3

Local roles
  app  schema.sql:4

note: schema.sql:6: Nothing tells the type of public.imported: x; text stands in. Declare what it is where that matters. [type-guessed]
    fdw-stub:upstreams: [ { host: h, database: d, tables: [ { name: imported, columns: [ { name: x, type: text } ] } ] } ]
`,
        );
        expect(text).not.toContain("'p'");
    });

    test("nothing to stub", async () => {
        expect(formatInference(await infer("SELECT 1"), "table")).toBe("No upstream is needed.\n");
    });

    test("mermaid", async () => {
        expect(formatInference(await infer(SQL), "mermaid")).toBe(`flowchart LR
    dev[("dev database")]
    subgraph u0["h:5432/d"]
        direction TB
        u0t0["public.imported<br/>x text<br/>y text"]
        u0t1["r.T<br/>id integer<br/>a b e"]
    end
    dev -- "s as u" --> u0
`);
    });

    test("json has everything but the statements", async () => {
        const found = await infer(SQL);
        const shown = z.looseObject({ statements: z.number() }).parse(JSON.parse(formatInference(found, "json")));
        expect(shown.statements).toBe(found.sources.length);
        expect(shown.upstreams).toEqual(found.upstreams);
        expect(shown.findings).toEqual(found.findings);
    });

    test("sql", async () => {
        expect(formatInference(await infer(SQL), "sql").split("\n")).toEqual(
            expect.arrayContaining([
                `CREATE ROLE "u" LOGIN PASSWORD 'p';`,
                `CREATE ROLE "app";`,
                `CREATE DATABASE "d";`,
                `\\connect "d"`,
                `CREATE SCHEMA IF NOT EXISTS "r";`,
                `CREATE TYPE "public"."e" AS ENUM ('x');`,
                `CREATE TABLE "r"."T" (`,
            ]),
        );
    });
});

describe.each(exampleNames())("%s", (name) => {
    test("the yaml declares the same by hand", async () => {
        const found = await inferExample(name);
        if (found.upstreams.length === 0) {
            return;
        }
        const shown = z
            .object({ config: z.object({ "fdw-stub:upstreams": z.unknown() }) })
            .parse(parse(formatInference(found, "yaml")));
        const configuration = parseConfiguration({ upstreams: shown.config["fdw-stub:upstreams"] });
        const again = resolveUpstreams(configuration.upstreams, () => "");
        const flat = (upstreams: typeof found.upstreams) =>
            upstreams.map((upstream) => ({
                ...upstream,
                ddl: upstream.ddl
                    .map(({ sql }) => sql)
                    .join("\n")
                    .trim(),
            }));
        expect(flat(again)).toEqual(flat(found.upstreams));
    });

    test("the sql parses", async () => {
        const text = formatInference(await inferExample(name), "sql").replaceAll(/^\\connect.*$/gm, "");
        expect(parseSql(text)).toHaveProperty("nodes");
    });
});
