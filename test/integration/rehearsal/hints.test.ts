/**
 * Every line of configuration that is printed, put into the configuration as it stands: what it was printed for is gone.
 * All are files of one schema, because a rehearsal takes its time: `@` stands for the number of the case.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Finding, Inference } from "../../../schema";
import { CONFIGURATION_KEYS, parseConfiguration } from "../../../upstreams/parse";
import { Rehearsals } from "../support/rehearsals";

const rehearsed: Rehearsals[] = [];

async function start(devUser = "postgres"): Promise<Rehearsals> {
    const rehearsals = await Rehearsals.start({ devUser });
    rehearsed.push(rehearsals);
    return rehearsals;
}

afterAll(() => Promise.all(rehearsed.map((each) => each.end())));

const EXTENSIONS = "CREATE EXTENSION postgres_fdw; CREATE EXTENSION dblink;";
const SERVER = `CREATE SCHEMA u@; CREATE SCHEMA w@;
CREATE SERVER s@ FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h@', port '6432', dbname 'd');
CREATE USER MAPPING FOR CURRENT_USER SERVER s@ OPTIONS (user 'u@', password 'p@');
`;
const IMPORT = `${SERVER}IMPORT FOREIGN SCHEMA r FROM SERVER s@ INTO u@; `;
const placeholder = (text: string, name: string) => SERVER.replace(text, `'\${${name}}'`);

/** The configuration that a printed line is, in the words of `Configuration`. */
function pasted(config: string): Record<string, unknown> {
    const parsed: Record<string, unknown> = parse(config);
    const entries = Object.entries(parsed).map(([key, value]) => [key.replace(/^fdw-stub:/, ""), value] as const);
    expect(entries.map(([key]) => key).filter((key) => !CONFIGURATION_KEYS.includes(key))).toEqual([]);
    return Object.fromEntries(entries);
}

/** What is printed, as one configuration: upstreams after each other, variables together. */
function together(findings: readonly Finding[]) {
    const all = findings.flatMap(({ config }) => (config === undefined ? [] : [pasted(config)]));
    return parseConfiguration({
        ...Object.assign({ schema: ["schema.sql"] }, ...all),
        upstreams: all.flatMap(({ upstreams }) => (Array.isArray(upstreams) ? upstreams : [])),
        variables: Object.assign({}, ...all.map(({ variables }) => variables)),
    });
}

const cases: ReadonlyArray<readonly [name: string, code: string, sql: string]> = [
    [
        "the type of a column that nothing tells, in a table whose other columns are told",
        "type-guessed",
        `${IMPORT}CREATE VIEW v@ AS SELECT t.a, t.b + 1.5 AS b, upper(t.c) AS c FROM u@.t;`,
    ],
    [
        "types of columns of two tables of one upstream, each with a line of its own",
        "type-guessed",
        `${IMPORT}IMPORT FOREIGN SCHEMA public FROM SERVER s@ INTO w@; CREATE VIEW v@ AS SELECT t.a FROM u@.t; CREATE VIEW x@ AS SELECT "Odd, Name".a FROM w@."Odd, Name";`,
    ],
    [
        "a column of a table that dblink reads",
        "type-guessed",
        "CREATE VIEW v@ AS SELECT a FROM dblink('host=h@ port=6432 dbname=d user=u@ password=p@', 'SELECT a FROM r.t ORDER BY b') AS t (a date);",
    ],
    [
        "all columns, where some are known",
        "columns-unknown",
        `${IMPORT}CREATE VIEW v@ AS SELECT * FROM u@.t WHERE a > date '2026-01-01';`,
    ],
    ["all columns, where none is known", "columns-unknown", `${IMPORT}CREATE VIEW v@ AS SELECT * FROM u@.t;`],
    ["a host without a value", "host-unknown", placeholder("'h@'", "HOST")],
    ["a database without a value", "database-unknown", placeholder("'d'", "DB")],
    ["a user without a value", "placeholder-user", placeholder("'u@'", "LOGIN")],
    ["a password without a value", "placeholder-password", placeholder("'p@'", "SECRET")],
    ["a port without a value", "placeholder", placeholder("'6432'", "DOOR")],
    ["a name without a value", "placeholder", `${SERVER}CREATE SCHEMA \${NAME};`],
    ["a condition without a value", "placeholder", `${SERVER}\\if :{?deep}\nSELECT 1;\n\\endif\n`],
];

describe("what is printed as a line of configuration", () => {
    const file = (n: number) => `${String(n + 1).padStart(3, "0")}.sql`;
    let before: Inference;
    let after: Inference;

    beforeAll(async () => {
        const rehearsals = await start();
        const files = {
            "000.sql": EXTENSIONS,
            ...Object.fromEntries(cases.map(([, , sql], n) => [file(n), sql.replaceAll(/(?<=\w)@/g, String(n))])),
        };
        before = await rehearsals.infer(files);
        const { variables, ...configuration } = together(before.findings);
        // A port must be a number: the value that is printed is a sign that one is to be put there.
        const given = Object.fromEntries(
            Object.entries(variables).map(([name, value]) => [name, name === "DOOR" ? "6432" : value]),
        );
        after = await rehearsals.infer(files, { configuration, variables: given });
    }, 600_000);

    test.each(cases.map(([name, code], n) => [name, code, n] as const))("%s", (_name, code, n) => {
        const of = ({ findings }: Inference) => findings.filter((each) => each.code === code && each.file === file(n));
        // All variables stand in the line of the first finding of theirs.
        const printed = before.findings.filter(({ config }) => config !== undefined);
        expect(of(before)).not.toEqual([]);
        expect(printed.some((each) => each.code === code || each.config?.includes("variables"))).toBe(true);
        expect(of(after)).toEqual([]);
    });

    test("nothing else is wrong then", () => {
        expect(after.findings.filter(({ config, severity }) => config !== undefined || severity === "error")).toEqual(
            [],
        );
        expect(after.ran.failed).toBe(0);
    });

    test("a mapping for another role than the dev user", { timeout: 300_000 }, async () => {
        const sql = `${EXTENSIONS}${SERVER.replace("CURRENT_USER", "app")}CREATE FOREIGN TABLE t (a int) SERVER s@; CREATE MATERIALIZED VIEW m AS SELECT * FROM t;`;
        const files = { "schema.sql": sql.replaceAll(/(?<=\w)@/g, "0") };
        const { findings } = await (rehearsed[0] ?? (await start())).infer(files);
        const { devUser } = together(findings);
        expect(devUser).toBe("app");
        const again = await (await start(devUser)).infer(files, { configuration: { devUser } });
        expect({ failed: again.ran.failed, findings: again.findings }).toEqual({ failed: 0, findings: [] });
    });
});
