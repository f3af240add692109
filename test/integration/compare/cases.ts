/**
 * Each kind of finding, and what real PostgreSQL does: through a real foreign table, with rows. `@` stands for the number of
 * the case; its tables are `t@` on both sides.
 */

import type { Grade } from "../../../schema";
import type { MismatchCode } from "../../../upstreams/mismatches";

export interface Case {
    readonly name: string;
    /** At the upstream. */
    readonly up: string;
    /** In the database under development. */
    readonly dev: string;
    /** Grade, code, and what it is about below \`public.t@\`. */
    readonly found: ReadonlyArray<readonly [Grade, MismatchCode, string]>;
    /** What PostgreSQL says: rows of one column as text, or the error. */
    readonly shows: ReadonlyArray<readonly [sql: string, outcome: ReadonlyArray<string | null> | RegExp]>;
}

/** A foreign table with one column, and a table with rows that it reads. */
function column(
    [theirs, ours]: readonly [string, string],
    values: string,
    found: ReadonlyArray<readonly [Grade, MismatchCode]>,
    shows: Case["shows"],
): Case {
    return {
        name: `${theirs} read as ${ours}`,
        up: `CREATE TABLE t@ (c ${theirs}); INSERT INTO t@ VALUES ${values};`,
        dev: `CREATE FOREIGN TABLE t@ (c ${ours}) SERVER up;`,
        found: found.map(([grade, code]) => [grade, code, ".c"]),
        shows,
    };
}

const READ = "SELECT c FROM t@";
const OPERATOR = /operator does not exist/;

/** Conditions on parameters are sent with the parameter's type. */
const prepared = (type: string, value: string): Case["shows"][number][0] =>
    `SET plan_cache_mode = force_generic_plan; PREPARE p@ (${type}) AS SELECT c FROM t@ WHERE c = $1; EXECUTE p@ (${value})`;

export const TYPES: readonly Case[] = [
    // Fails on any row.
    column(
        ["numeric(12,2)", "integer"],
        "(1.50), (2)",
        [["fails", "type-fails"]],
        [
            [READ, /invalid input syntax for type integer: "1.50"/],
            [`${READ} WHERE c = 2`, /invalid input syntax for type integer: "2.00"/],
        ],
    ),
    column(
        ["boolean", "integer"],
        "(true)",
        [["fails", "type-fails"]],
        [[READ, /invalid input syntax for type integer: "t"/]],
    ),
    column(["uuid", "bigint"], "(gen_random_uuid())", [["fails", "type-fails"]], [[READ, /type bigint/]]),
    column(["integer[]", "integer"], "('{}')", [["fails", "type-fails"]], [[READ, /type integer: "{}"/]]),
    column(["bit(4)", "bit(5)"], "('1010')", [["fails", "type-fails"]], [[READ, /length 4 does not match/]]),
    column(["bytea", "date"], "('x')", [["fails", "type-fails"]], [[READ, /type date/]]),
    // Fails on some values.
    column(
        ["numeric", "integer"],
        "(1), (1.5)",
        [["may-fail", "type-may-fail"]],
        [
            [`${READ} WHERE c = 1`, ["1"]],
            [READ, /type integer: "1.5"/],
        ],
    ),
    column(
        ["bigint", "integer"],
        "(1), (3000000000)",
        [["may-fail", "type-may-fail"]],
        [
            [`${READ} WHERE c = 1`, ["1"]],
            [READ, /out of range for type integer/],
        ],
    ),
    column(
        ["numeric(12,2)", "numeric(10,2)"],
        "(1), (9999999999.99)",
        [["may-fail", "type-may-fail"]],
        [
            [`${READ} WHERE c = 1`, ["1.00"]],
            [READ, /numeric field overflow/],
        ],
    ),
    column(
        ["varchar(10)", "varchar(5)"],
        "('short'), ('too long')",
        [["may-fail", "type-may-fail"]],
        [
            [`${READ} WHERE c = 'short'`, ["short"]],
            [READ, /value too long for type character varying\(5\)/],
        ],
    ),
    column(["text", "uuid"], "('no')", [["may-fail", "type-may-fail"]], [[READ, /type uuid/]]),
    column(["integer", "boolean"], "(1), (2)", [["may-fail", "type-may-fail"]], [[READ, /type boolean: "2"/]]),
    column(["integer[]", "uuid[]"], "('{}')", [["may-fail", "type-may-fail"]], [[READ, ["{}"]]]),
    column(["integer", "positive"], "(1), (-1)", [["may-fail", "type-may-fail"]], [[READ, /positive_check/]]),
    column(["money", "numeric"], "(1)", [["may-fail", "type-may-fail"]], [[READ, /type numeric/]]),
    // What a list of values cannot rule out is not called certain: numbers and texts can be read as many things.
    column(["integer", "date"], "(20240102)", [["may-fail", "type-may-fail"]], [[READ, ["2024-01-02"]]]),
    column(["numeric(12,3)", "date"], "(2024.002)", [["may-fail", "type-may-fail"]], [[READ, ["2024-01-02"]]]),
    column(["varchar(3)", "integer"], "('7')", [["may-fail", "type-may-fail"]], [[READ, ["7"]]]),
    column(["text", "coded"], "('ABC-1234')", [["may-fail", "type-may-fail"]], [[READ, ["ABC-1234"]]]),
    // Labels.
    column(
        ["mood", "mood"],
        "('sad'), ('new')",
        [["may-fail", "enum-label"]],
        [[READ, /invalid input value for enum mood: "new"/]],
    ),
    column(
        ["other_mood", "mood"],
        "('x')",
        [["fails", "enum-label"]],
        [[READ, /invalid input value for enum mood: "x"/]],
    ),
    // Values lose something.
    column(["numeric(12,2)", "numeric(12,1)"], "(1.25)", [["may-fail", "type-loses"]], [[READ, ["1.3"]]]),
    column(
        ["numeric", "double precision"],
        "(9007199254740993)",
        [["may-fail", "type-loses"]],
        [[READ, ["9.007199254740992e+15"]]],
    ),
    column(
        ["timestamp", "timestamp(0)"],
        "('2024-01-01 12:00:00.6')",
        [["may-fail", "type-loses"]],
        [[READ, ["2024-01-01 12:00:01"]]],
    ),
    column(
        ["timestamptz", "date"],
        "('2024-01-01 23:30:00+00')",
        [["may-fail", "type-loses"]],
        [[READ, ["2024-01-01"]]],
    ),
    column(["json", "jsonb"], `('{"a":1,"a":2}')`, [["may-fail", "type-loses"]], [[READ, ['{"a": 2}']]]),
    column(["varchar(10)", "char(10)"], "('a ')", [["may-fail", "type-loses"]], [["SELECT length(c) FROM t@", ["1"]]]),
    // The time zone.
    column(
        ["timestamptz", "timestamp"],
        "('2024-01-01 12:00:00+00')",
        [["may-fail", "time-zone"]],
        [
            [
                "SET TimeZone = 'Asia/Tokyo'; SELECT c = '2024-01-01 12:00:00+00'::timestamptz AT TIME ZONE 'Asia/Tokyo' FROM t@",
                ["f"],
            ],
            ["SELECT c FROM t@", ["2024-01-01 12:00:00"]],
        ],
    ),
    column(
        ["timestamp", "timestamptz"],
        "('2024-01-01 12:00:00')",
        [["may-fail", "time-zone"]],
        [
            ["SET TimeZone = 'Asia/Tokyo'; SELECT c AT TIME ZONE 'UTC' FROM t@", ["2024-01-01 03:00:00"]],
            ["SET TimeZone = 'UTC'; SELECT c AT TIME ZONE 'UTC' FROM t@", ["2024-01-01 12:00:00"]],
        ],
    ),
    // Conditions that are sent.
    column(
        ["integer", "text"],
        "(7)",
        [["may-fail", "condition-fails"]],
        [
            [READ, ["7"]],
            [prepared("text", "'7'"), OPERATOR],
            ["SELECT c FROM t@ ORDER BY c", ["7"]],
        ],
    ),
    column(
        ["uuid", "text"],
        "('6f1c3a52-6b1e-4f6e-9a57-0d0f3c1b2a10')",
        [["may-fail", "condition-fails"]],
        [
            ["SELECT count(c) FROM t@", ["1"]],
            [prepared("text", "'6f1c3a52-6b1e-4f6e-9a57-0d0f3c1b2a10'"), OPERATOR],
        ],
    ),
    column(
        ["boolean", "text"],
        "(true)",
        [["may-fail", "condition-fails"]],
        [
            [READ, ["t"]],
            [prepared("text", "'t'"), OPERATOR],
        ],
    ),
    column(
        ["mood", "text"],
        "('sad'), ('new')",
        [["may-fail", "condition-fails"]],
        [
            [`${READ} WHERE c = 'new'`, ["new"]],
            [prepared("text", "'new'"), OPERATOR],
            [`${READ} WHERE lower(c) = 'new'`, /function pg_catalog.lower\(public.mood\) does not exist|lower/],
        ],
    ),
    column(
        ["integer[]", "bigint[]"],
        "('{1}')",
        [["may-fail", "condition-fails"]],
        [
            [READ, ["{1}"]],
            [prepared("bigint[]", "'{1}'"), OPERATOR],
        ],
    ),
    // Conditions that mean something else there.
    column(
        ["char(5)", "text"],
        "('a')",
        [["may-fail", "condition-differs"]],
        [
            ["SELECT length(c) FROM t@ WHERE c = 'a'", ["5"]],
            ["SELECT count(*) FROM (SELECT c FROM t@ OFFSET 0) AS here WHERE c = 'a'", ["0"]],
        ],
    ),
    column(
        ["citext", "text"],
        "('Ab'), ('aB')",
        [["may-fail", "condition-differs"]],
        [
            ["SELECT count(*) FROM t@ GROUP BY c", ["2"]],
            ["SELECT count(*) FROM (SELECT c FROM t@ OFFSET 0) AS here GROUP BY c", ["1", "1"]],
        ],
    ),
    column(
        ["date", "timestamp"],
        "('2024-01-01')",
        [["may-fail", "condition-differs"]],
        [[`${READ} WHERE c = '2024-01-01 10:00:00'`, ["2024-01-01 00:00:00"]]],
    ),
    column(
        ["real", "double precision"],
        "(0.1)",
        [["may-fail", "condition-differs"]],
        [
            [`${READ} WHERE c = 0.1`, []],
            ["SELECT count(*) FROM (SELECT c FROM t@ OFFSET 0) AS here WHERE c = 0.1", ["1"]],
        ],
    ),
    // Names only.
    column(
        ["integer", "bigint"],
        "(7)",
        [["name-only", "type-name"]],
        [
            [`${READ} WHERE c = 7`, ["7"]],
            [prepared("bigint", "7"), ["7"]],
        ],
    ),
    column(
        ["varchar(5)", "text"],
        "('a ')",
        [["name-only", "type-name"]],
        [
            [prepared("text", "'a '"), ["a "]],
            [`${READ} WHERE c = 'a'`, []],
        ],
    ),
    column(
        ["numeric(12,2)", "double precision"],
        "(0.10)",
        [["name-only", "type-name"]],
        [[`${READ} WHERE c = 0.1`, ["0.1"]]],
    ),
    column(["integer", "numeric(12,2)"], "(7)", [["name-only", "type-name"]], [[prepared("numeric", "7.0"), ["7.00"]]]),
    column(
        ["timestamptz(3)", "timestamptz"],
        "('2024-01-01 12:00:00.123+00')",
        [["name-only", "type-name"]],
        [["SELECT c AT TIME ZONE 'UTC' FROM t@", ["2024-01-01 12:00:00.123"]]],
    ),
    column(["positive", "integer"], "(7)", [["name-only", "type-name"]], [[`${READ} WHERE c = 7`, ["7"]]]),
    // Nothing.
    column(["text", "text"], "('a')", [], [[READ, ["a"]]]),
    column(["app.level", "level"], "('low')", [], [[READ, ["low"]]]),
    column(["positive", "positive"], "(7)", [], [[READ, ["7"]]]),
    column(["pair", "pair"], "('(1,x)')", [], [[READ, ["(1,x)"]]]),
    column(["triple", "pair"], "('(1,x,2)')", [["fails", "type-fails"]], [[READ, /malformed record literal/]]),
];

/** Types and extensions that the cases share. */
export const UP = `CREATE EXTENSION citext; CREATE SCHEMA app; CREATE SCHEMA closed;
    CREATE TYPE mood AS ENUM ('sad', 'happy', 'new'); CREATE TYPE other_mood AS ENUM ('x', 'y');
    CREATE TYPE app.level AS ENUM ('low', 'high'); CREATE DOMAIN positive AS integer CHECK (value > 0);
    CREATE TYPE pair AS (a integer, b text); CREATE TYPE triple AS (a integer, b text, c integer);`;
export const DEV = `CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE TYPE level AS ENUM ('low', 'high');
    CREATE DOMAIN positive AS integer CHECK (value > 0); CREATE DOMAIN coded AS text CHECK (value ~ '^[A-Z]{3}-\\d{4}$');
    CREATE TYPE pair AS (a integer, b text);`;

const WRITE = (columns: string, server = "up") =>
    `CREATE FOREIGN TABLE t@ (${columns}) SERVER ${server} OPTIONS (updatable 'true');`;

export const SHAPES: readonly Case[] = [
    {
        name: "a schema that is not there",
        up: "",
        dev: "CREATE FOREIGN TABLE t@ (id integer) SERVER up OPTIONS (schema_name 'nowhere');",
        found: [["fails", "schema-missing", ""]],
        shows: [["SELECT id FROM t@", /relation "nowhere.t\d+" does not exist/]],
    },
    {
        name: "a table that is not there",
        up: 'CREATE TABLE app."T@" (id integer);',
        dev: "CREATE FOREIGN TABLE t@ (id integer) SERVER up;",
        found: [["fails", "table-missing", ""]],
        shows: [["SELECT id FROM t@", /relation "public.t\d+" does not exist/]],
    },
    {
        name: "columns that are not there, by name and by option; system columns are",
        up: 'CREATE TABLE t@ (id integer, "customerId" integer); INSERT INTO t@ VALUES (1, 2);',
        dev: "CREATE FOREIGN TABLE t@ (id integer, customer_id integer, total integer OPTIONS (column_name 'sum'), place tid OPTIONS (column_name 'ctid')) SERVER up;",
        found: [
            ["fails", "column-missing", ".customer_id"],
            ["fails", "column-missing", ".total"],
        ],
        shows: [
            ["SELECT customer_id FROM t@", /column "customer_id" does not exist/],
            ["SELECT total FROM t@", /column "sum" does not exist/],
            ["SELECT place FROM t@", ["(0,1)"]],
            ["SELECT id FROM t@", ["1"]],
        ],
    },
    {
        name: "NOT NULL here, NULL there",
        up: "CREATE TABLE t@ (c integer, d integer NOT NULL); INSERT INTO t@ VALUES (NULL, 1); CREATE VIEW v@ AS SELECT * FROM t@;",
        dev: "CREATE FOREIGN TABLE t@ (c integer NOT NULL, d integer NOT NULL) SERVER up; CREATE FOREIGN TABLE v@ (c integer NOT NULL) SERVER up;",
        found: [["may-fail", "nullable", ".c"]],
        shows: [
            ["SELECT c FROM t@", [null]],
            ["SELECT c FROM t@ WHERE c IS NULL", []],
        ],
    },
    {
        name: "another collation",
        up: "CREATE TABLE t@ (c text COLLATE \"C\", d text COLLATE \"C\"); INSERT INTO t@ VALUES ('a', 'a'), ('B', 'B');",
        dev: 'CREATE FOREIGN TABLE t@ (c text COLLATE "en-x-icu", d text COLLATE "C") SERVER up;',
        found: [["may-fail", "collation", ".c"]],
        shows: [
            ["SELECT c FROM t@ WHERE c < 'B'", []],
            ["SELECT c FROM (SELECT c FROM t@ OFFSET 0) AS here WHERE c < 'B'", ["a"]],
        ],
    },
    {
        name: "generated and identity columns in a table that is written to",
        up: "CREATE TABLE t@ (id integer GENERATED ALWAYS AS IDENTITY, a integer, b integer GENERATED ALWAYS AS (a * 2) STORED, c integer, d integer GENERATED ALWAYS AS (a + 1) STORED);",
        dev: WRITE(
            "id integer, a integer, b integer, c integer GENERATED ALWAYS AS (a * 3) STORED, d integer GENERATED ALWAYS AS (a + 1) STORED",
        ),
        found: [
            ["fails", "generated-column", ".id"],
            ["fails", "generated-column", ".b"],
            ["may-fail", "generated-here", ".c"],
        ],
        shows: [["INSERT INTO t@ (a) VALUES (1)", /cannot insert a non-DEFAULT value into column "(id|b)"/]],
    },
    {
        name: "a column that is generated here only",
        up: "CREATE TABLE t@ (a integer, c integer);",
        dev: WRITE("a integer, c integer GENERATED ALWAYS AS (a * 3) STORED"),
        found: [["may-fail", "generated-here", ".c"]],
        shows: [["INSERT INTO t@ (a) VALUES (1); SELECT c FROM t@", [null]]],
    },
    {
        name: "the same in a table that nobody writes to",
        up: "CREATE TABLE t@ (id integer GENERATED ALWAYS AS IDENTITY, a integer); INSERT INTO t@ (a) VALUES (1);",
        dev: "CREATE FOREIGN TABLE t@ (id integer, a integer) SERVER up;",
        found: [],
        shows: [["SELECT id FROM t@", ["1"]]],
    },
    {
        name: "columns that an INSERT cannot do without",
        up: "CREATE TABLE t@ (id integer PRIMARY KEY DEFAULT 7, owner text NOT NULL, note text NOT NULL DEFAULT '', at timestamptz NOT NULL DEFAULT now());",
        dev: `CREATE FOREIGN TABLE t@ (id integer, note text DEFAULT '') SERVER up;
            CREATE FUNCTION f@() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.t@ (note) VALUES ('x'); END $$;`,
        found: [
            ["fails", "column-required", ""],
            ["may-fail", "value-required", ".id"],
        ],
        shows: [
            ["SELECT f@()", /null value in column "id"/],
            ["INSERT INTO t@ (id, note) VALUES (1, 'x')", /null value in column "owner"/],
        ],
    },
    {
        name: "values that the upstream does not take",
        up: "CREATE TABLE t@ (a varchar(3), b mood, c integer);",
        dev: `CREATE FOREIGN TABLE t@ (a text, b text, c text) SERVER up; CREATE VIEW w@ AS SELECT a, b, c FROM t@;
            CREATE RULE w@ AS ON INSERT TO w@ DO INSTEAD INSERT INTO t@ VALUES (new.a, new.b, new.c);`,
        found: [
            ["may-fail", "write-may-fail", ".a"],
            ["may-fail", "condition-fails", ".b"],
            ["may-fail", "write-may-fail", ".b"],
            ["may-fail", "condition-fails", ".c"],
            ["may-fail", "write-may-fail", ".c"],
            ["name-only", "type-name", ".a"],
        ],
        shows: [
            ["INSERT INTO w@ VALUES ('long', 'sad', '1')", /value too long/],
            ["INSERT INTO w@ VALUES ('ok', 'no', '1')", /invalid input value for enum/],
            ["INSERT INTO w@ VALUES ('ok', 'sad', '1'); SELECT c FROM t@", ["1"]],
        ],
    },
    {
        name: "a type whose values the upstream never takes",
        up: "CREATE TABLE t@ (a integer);",
        dev: WRITE("a boolean"),
        found: [
            ["fails", "write-fails", ".a"],
            ["may-fail", "type-may-fail", ".a"],
        ],
        shows: [["INSERT INTO t@ VALUES (true)", /invalid input syntax for type integer: "t"/]],
    },
    {
        name: "views that take no rows, and views whose rows have no place",
        up: "CREATE TABLE r@ (a integer); INSERT INTO r@ VALUES (1); CREATE VIEW t@ AS SELECT a FROM r@; CREATE VIEW v@ AS SELECT max(a) AS a FROM r@;",
        dev: `${WRITE("a integer")} ${WRITE("a integer").replace("t@", "v@")}`,
        found: [
            ["fails", "not-updatable", ""],
            ["fails", "not-updatable", ""],
            ["fails", "not-updatable", ""],
            ["may-fail", "not-updatable", ""],
            ["may-fail", "not-updatable", ""],
        ],
        shows: [
            ["INSERT INTO v@ VALUES (1)", /cannot insert into view/],
            ["UPDATE t@ SET a = 2; SELECT a FROM t@", ["2"]],
            ["UPDATE t@ SET a = 3 WHERE random() < 2", /column "ctid" does not exist/],
        ],
    },
    {
        name: "views that pass a table on, with what is granted on them",
        up: "CREATE TABLE t@ (a integer GENERATED ALWAYS AS IDENTITY, b integer); CREATE TABLE r@ (LIKE t@ INCLUDING IDENTITY);",
        dev: `CREATE FOREIGN TABLE t@ (a integer, b integer) SERVER up; CREATE FOREIGN TABLE r@ (a integer, b integer) SERVER up;
            CREATE VIEW v@ AS SELECT a, b FROM t@; CREATE VIEW w@ AS SELECT a, b FROM v@; CREATE TABLE o@ (a integer);
            CREATE VIEW x@ AS SELECT a FROM o@ WHERE a IN (SELECT a FROM r@); GRANT INSERT ON w@, x@ TO app;`,
        found: [["fails", "generated-column", ".a"]],
        shows: [
            ["INSERT INTO w@ (b) VALUES (1)", /cannot insert a non-DEFAULT value into column "a"/],
            ["INSERT INTO x@ VALUES (1); SELECT a FROM o@", ["1"]],
        ],
    },
    {
        name: "privileges",
        up: `CREATE TABLE t@ (a integer, b integer); GRANT SELECT (a), INSERT (a, b), UPDATE (a) ON t@ TO reader;`,
        dev: WRITE("a integer, b integer", "as_reader"),
        found: [
            ["fails", "privilege-missing", ""],
            ["fails", "privilege-missing", ""],
            ["may-fail", "privilege-missing", ""],
        ],
        shows: [
            ["SELECT b FROM t@", /permission denied for table/],
            ["SELECT a FROM t@", []],
            ["DELETE FROM t@", /permission denied for table/],
            ["UPDATE t@ SET b = 1", /permission denied for table/],
            ["INSERT INTO t@ VALUES (1, 2); SELECT a FROM t@", ["1"]],
        ],
    },
    {
        name: "no USAGE on the schema",
        up: "CREATE TABLE closed.t@ (a integer); GRANT SELECT ON closed.t@ TO reader;",
        dev: "CREATE FOREIGN TABLE t@ (a integer) SERVER as_reader OPTIONS (schema_name 'closed');",
        found: [["fails", "privilege-missing", ""]],
        shows: [["SELECT a FROM t@", /permission denied for schema closed/]],
    },
];
