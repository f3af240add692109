import { describe, expect, test } from "vitest";
import { z } from "zod";
import { formatInference, type Inference } from "../../../schema";

const place = (line: number) => ({ file: "schema.sql", line });
const CERTAIN = { certainty: "declared" } as const;
const ENUM = "CREATE TYPE public.e AS ENUM (\n    'x'\n);";
const ADDRESS = { host: "h", port: 5432, database: "d" };
const column = (name: string, type: string) => ({ name, type });

const INFERENCE: Inference = {
    upstreams: [
        {
            ...ADDRESS,
            users: [{ name: "u", password: "p" }],
            extensions: [{ name: "citext" }],
            ddl: [ENUM, "CREATE SCHEMA r;"].map((sql) => ({ origin: "schema.sql", line: 1, sql })),
            tables: [
                { schema: "public", name: "imported", columns: [column("x", "text"), column("y", "text")], rows: [] },
                { schema: "r", name: "T", columns: [column("id", "integer"), column("a b", "e")], rows: [] },
                { schema: "other", name: "t", columns: [], rows: [] },
            ],
        },
    ],
    origins: [
        {
            ...ADDRESS,
            servers: [{ name: "s", place: place(1) }],
            users: [{ name: "u", roles: ["CURRENT_USER"], place: place(1) }],
            tables: [
                {
                    schema: "public",
                    name: "imported",
                    place: place(6),
                    columns: [
                        { name: "x", type: "text", certainty: "guessed", place: place(6) },
                        {
                            name: "y",
                            type: "text",
                            certainty: "inferred",
                            reason: "argument of upper()",
                            place: place(6),
                        },
                    ],
                },
                {
                    schema: "r",
                    name: "T",
                    place: place(3),
                    columns: [
                        { name: "id", type: "integer", ...CERTAIN, place: place(3) },
                        { name: "a b", type: "e", ...CERTAIN, place: place(3) },
                    ],
                },
            ],
        },
    ],
    roles: [{ name: "app", place: place(4) }],
    findings: [
        {
            severity: "note",
            code: "type-guessed",
            message: "Nothing tells the type of public.imported: x; text stands in.",
            config: "fdw-stub:upstreams: [ { host: h } ]",
            ...place(6),
        },
    ],
    sources: [{ ...place(1), sql: "CREATE EXTENSION postgres_fdw" }],
    files: [{ file: "schema.sql", tool: "plain", statements: 1 }],
    contracts: [],
    contractFindings: [],
    compared: [],
    ran: { statements: 7, failed: 0 },
};
const NOTHING: Inference = { ...INFERENCE, upstreams: [], origins: [], roles: [], findings: [] };

describe("formats", () => {
    test("table, for people: every part with its place, and no password", () => {
        const text = formatInference(INFERENCE, "table");
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

note: schema.sql:6: Nothing tells the type of public.imported: x; text stands in. [type-guessed]
    fdw-stub:upstreams: [ { host: h } ]
`,
        );
        expect(text).not.toContain("'p'");
    });

    test("nothing to stub", () => {
        expect(formatInference(NOTHING, "table")).toBe("No upstream is needed.\n");
    });

    test("mermaid", () => {
        expect(formatInference(INFERENCE, "mermaid")).toBe(`flowchart LR
    dev[("dev database")]
    subgraph u0["h:5432/d"]
        direction TB
        u0t0["public.imported<br/>x text<br/>y text"]
        u0t1["r.T<br/>id integer<br/>a b e"]
    end
    dev -- "s as u" --> u0
`);
    });

    test("json has everything but the statements", () => {
        const found = INFERENCE;
        const shown = z.looseObject({ statements: z.number() }).parse(JSON.parse(formatInference(found, "json")));
        expect(shown.statements).toBe(found.sources.length);
        expect(shown.upstreams).toEqual(found.upstreams);
        expect(shown.findings).toEqual(found.findings);
    });

    test("sql: each schema is made once, before what is in it", () => {
        expect(formatInference(INFERENCE, "sql")).toBe(`CREATE ROLE "u" LOGIN PASSWORD 'p';
CREATE ROLE "app";

-- h:5432/d
CREATE DATABASE "d";
\\connect "d"
CREATE EXTENSION IF NOT EXISTS "citext" CASCADE;
CREATE SCHEMA "other";
CREATE TYPE public.e AS ENUM (
    'x'
);
CREATE SCHEMA r;
CREATE TABLE "public"."imported" (
    "x" text,
    "y" text
);
CREATE TABLE "r"."T" (
    "id" integer,
    "a b" e
);
CREATE TABLE "other"."t" ();
GRANT ALL ON SCHEMA "public" TO "u";
GRANT ALL ON ALL TABLES IN SCHEMA "public" TO "u";
GRANT ALL ON SCHEMA "r" TO "u";
GRANT ALL ON ALL TABLES IN SCHEMA "r" TO "u";
GRANT ALL ON SCHEMA "other" TO "u";
GRANT ALL ON ALL TABLES IN SCHEMA "other" TO "u";
`);
    });
});
