/** What PostgreSQL refuses, and what would stop a run: findings, and the rest goes on. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Inference } from "../../../schema";
import { compact, Rehearsals, told } from "../support/rehearsals";

/** Enough for everything that ends, on a busy machine too. */
const STATEMENT_SECONDS = 5;
let rehearsals: Rehearsals;

beforeAll(async () => {
    rehearsals = await Rehearsals.start({}, { statementSeconds: STATEMENT_SECONDS });
});

afterAll(() => rehearsals.end());

const SERVER = `CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd');
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'u', password 'geheim');
`;
const TABLE = "CREATE FOREIGN TABLE t (a int) SERVER s; CREATE MATERIALIZED VIEW m AS SELECT * FROM t;";
const LINES = ["h:5432/d u:geheim", "  public.t(a integer)"];

describe("one run with many mistakes", () => {
    const files: Record<string, string> = {
        "00_server.sql": SERVER + TABLE,
        "10_drop.sql": "DROP SERVER nowhere;\nDROP SERVER s;\n",
        "11_revoke.sql":
            "CREATE ROLE r; GRANT USAGE ON FOREIGN SERVER s TO r; REVOKE USAGE ON FOREIGN SERVER s FROM r; REVOKE USAGE ON FOREIGN SERVER s FROM r; REVOKE SELECT ON gone FROM r;",
        "20_missing.sql": [
            "CREATE EXTENSION postgis;",
            "CREATE EXTENSION postgis;",
            ...Array.from({ length: 60 }, (_, n) => `INSERT INTO missing_table VALUES (${n});`),
            "CREATE VIEW over_missing AS SELECT * FROM missing_table;",
            "SELECT * FROM over_missing;",
        ].join("\n"),
        "30_secret.sql": "ALTER USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (ADD password 'geheim');",
        "40_block.sql": "DO $$\nBEGIN\n    RAISE EXCEPTION 'on purpose %', 1;\nEND $$;",
        "41_transaction.sql":
            "BEGIN;\nSELECT 1/0;\nCREATE TABLE kept (a int);\nCOMMIT;\nSELECT * FROM kept;\nBEGIN;\nCREATE TABLE not_kept (a int);",
        "42_next.sql": "SELECT * FROM not_kept;",
        "50_own.sql":
            "CREATE ROLE weak LOGIN; GRANT USAGE ON FOREIGN SERVER s TO weak; CREATE USER MAPPING FOR weak SERVER s OPTIONS (user 'w'); GRANT SELECT ON t TO weak; SET ROLE weak; SELECT * FROM t;",
        "60_session.sql": "CREATE TEMP TABLE mine (a int); SELECT pg_terminate_backend(pg_backend_pid());\nSELECT 1;",
        "61_crash.sql": "COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID';\nSELECT count(*) FROM t;",
        "70_rest.sql": "CREATE FOREIGN TABLE late (b text) SERVER s; SELECT * FROM late;",
    };
    let found: Inference;
    beforeAll(async () => {
        found = await rehearsals.infer(files);
    });

    const inFile = (file: string) =>
        told({ findings: found.findings.filter((each) => each.file === file) }, "error", "warning").map((line) =>
            line.replace(
                /^warning statement-failed (\d+): PostgreSQL refuses this statement: (.*) The statement: .*$/s,
                "$1 $2",
            ),
        );

    test.each<[string, Array<string | RegExp>]>([
        [
            "10_drop.sql",
            ['1 server "nowhere" does not exist.', /^2 cannot drop server s because other objects depend on it/],
        ],
        ["11_revoke.sql", ['1 relation "gone" does not exist.']],
        [
            "20_missing.sql",
            [
                /^1 extension "postgis" is not available .* The image lacks it: name one that has postgis with the key `image`\. One more statement fails for it\.$/,
                '3 relation "missing_table" does not exist. 61 more statements fail for it.',
            ],
        ],
        ["30_secret.sql", ['1 option "password" provided more than once.']],
        ["40_block.sql", ["1 on purpose 1."]],
        ["41_transaction.sql", ["2 division by zero."]],
        ["42_next.sql", ['1 relation "not_kept" does not exist.']],
        ["50_own.sql", [/^1 password or GSSAPI delegated credentials required/]],
        ["60_session.sql", ["1 terminating connection due to administrator command."]],
        ["61_crash.sql", [/^1 /]],
        ["70_rest.sql", []],
    ])("%s", (file, expected) => {
        const lines = inFile(file);
        expect(lines).toEqual(expected.map((each) => (typeof each === "string" ? each : expect.stringMatching(each))));
    });

    test("what can be is derived, and no password is shown", () => {
        expect(compact(found).filter((line) => /^h:|\.(?:t|late)\(/.test(line))).toEqual([
            "h:5432/d u:geheim w",
            "  public.late(b text)",
            "  public.t(a integer)",
        ]);
        expect(told(found).join("\n")).not.toContain("geheim");
        expect(found.ran.failed).toBeGreaterThan(0);
        expect(found.ran.statements).toBeGreaterThan(90);
    });
});

describe("alone", () => {
    test("a statement that does not end is cancelled, and said so", async () => {
        const found = await rehearsals.infer(`SELECT 1;\nDO $$ BEGIN LOOP END LOOP; END $$;\n${SERVER}${TABLE}`);
        expect(compact(found)).toEqual(LINES);
        expect(told(found)).toEqual([
            expect.stringMatching(
                /^warning statement-failed 2: .*the statement did not end within 5 seconds, the longest that one may take in a rehearsal/,
            ),
        ]);
    });

    test("a schema that needs no upstream", async () => {
        const found = await rehearsals.infer("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);");
        expect(found).toMatchObject({
            upstreams: [],
            origins: [],
            roles: [],
            findings: [],
            ran: { statements: 2, failed: 0 },
        });
    });

    test("no statement at all", async () => {
        const found = await rehearsals.infer("-- nothing yet\n");
        expect(found).toMatchObject({ upstreams: [], ran: { statements: 0, failed: 0 } });
    });

    test("strict makes an error of it", async () => {
        const found = await rehearsals.infer("SELECT 1/0;", { configuration: { strict: true } });
        expect(told(found, "error")).toEqual([expect.stringMatching(/^error statement-failed 1: .*division by zero/)]);
    });

    test("another dev user, baseline and settings", async () => {
        const boss = await Rehearsals.start({ devUser: "boss", settings: { "app.tenant": "x" } });
        try {
            const configuration = { devUser: "boss", devDatabase: "work", settings: { "app.tenant": "x" } };
            const sql = `${SERVER.replace("CURRENT_USER", "boss")}${TABLE} DO $$ BEGIN ASSERT current_user = 'boss' AND current_database() = 'work' AND current_setting('app.tenant') = 'x'; ASSERT (SELECT count(*) FROM base) = 0; END $$;`;
            const found = await boss.infer(sql, { configuration, baseline: ["CREATE TABLE base (a int)"] });
            expect(told(found)).toEqual([]);
            expect(compact(found)).toEqual(LINES);
        } finally {
            await boss.end();
        }
    });
});

describe("statements are sent together, and reading waits where it must", () => {
    test.each([
        [
            "for a variable in an included file",
            { "a.sql": `${SERVER}SELECT 1/0;\n\\ir b.sql\n`, "b.sql": `\\if :ERROR\n${TABLE}\n\\endif\n` },
        ],
        ["for a variable in the same file", { "a.sql": `${SERVER}SELECT 1/0;\n\\if :ERROR\n${TABLE}\n\\endif\n` }],
        [
            "for the rows of \\gset",
            { "a.sql": `${SERVER}SELECT 'a' AS c \\gset\n${TABLE.replace("(a int)", "(:c int)")}` },
        ],
        ["for text that is no SQL", { "a.sql": `${SERVER}SELECT 2;\nIt isn't SQL;\n${TABLE}` }],
        [
            "for a dump's rows, of which some are refused",
            {
                "a.sql": `${SERVER}CREATE TABLE own (a int);\nCOPY own FROM stdin;\n1\nx\n\\.\nCOPY own FROM stdin;\n2\n\\.\n${TABLE}`,
            },
        ],
    ])("%s", async (_, files) => {
        expect(compact(await rehearsals.infer(files))).toEqual(LINES);
    });
});
