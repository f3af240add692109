import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../../upstreams/errors";
import { CONNECTION_OPTIONS } from "../../../upstreams/options";
import { CONFIGURATION_KEYS, parseConfiguration, resolveUpstreams } from "../../../upstreams/parse";

const PREFIX = "The configuration cannot be used: ";

/** The message with which a configuration is refused. */
function refusal(input: unknown): string {
    try {
        parseConfiguration(input);
    } catch (error) {
        if (error instanceof InputError) {
            return error.message;
        }
        throw error;
    }
    return "not refused";
}

const withUpstream = (more: object) => ({ upstreams: [{ host: "upstream_db", database: "db", ...more }] });
const withTable = (more: object) => withUpstream({ tables: [{ name: "t", ...more }] });
const withUser = (user: unknown) => withUpstream({ users: [user] });

describe("parseConfiguration", () => {
    test("fills in what was left out", () => {
        expect(parseConfiguration({ upstreams: [{ database: "db", tables: [{ name: "t" }] }] })).toMatchObject({
            upstreams: [
                {
                    database: "db",
                    contract: [],
                    users: [],
                    extensions: [],
                    ddlFiles: [],
                    tables: [{ schema: "public", name: "t", columns: [], rows: [] }],
                },
            ],
            image: "postgres:18",
            settings: {},
            devDatabase: "dev",
            devUser: "postgres",
        });
    });

    test("keeps what was given", () => {
        const given = {
            upstreams: [
                {
                    host: "Upstream.example.com",
                    port: 6432,
                    database: "Sales DB",
                    users: [{ name: "svc", password: " with spaces " }, { name: "trusted" }],
                    extensions: ["hstore", "uuid-ossp"],
                    ddl: "CREATE TYPE mood AS ENUM ('ok')",
                    ddlFiles: ["a.sql"],
                    tables: [
                        {
                            schema: "App",
                            name: 'odd "name"',
                            columns: [
                                { name: "id", type: "bigint GENERATED ALWAYS AS IDENTITY" },
                                { name: "data", type: "jsonb" },
                            ],
                            rows: [{ id: 1, data: { a: [1, null, true, "x"] } }, {}],
                        },
                    ],
                },
            ],
            image: "postgres:17-alpine",
            port: 5433,
            settings: { work_mem: "64MB" },
            devDatabase: "atlas",
            devUser: "me",
        };
        expect(parseConfiguration(given)).toMatchObject(given);
    });

    test.each([
        ["64MB", "64MB"],
        [100, "100"],
        [1.5, "1.5"],
        [false, "false"],
    ])("takes the setting's value %j as text", (value, expected) => {
        expect(parseConfiguration({ ...withUpstream({}), settings: { x: value } }).settings).toEqual({ x: expected });
    });

    test("trims types and the image, but not names", () => {
        const input = { ...withTable({ columns: [{ name: " c ", type: " int\n" }] }), image: " postgres:16 " };
        const parsed = parseConfiguration(input);
        expect(parsed.upstreams[0]?.tables[0]?.columns).toEqual([{ name: " c ", type: "int" }]);
        expect(parsed.image).toBe("postgres:16");
    });

    test("takes a dev user that an upstream names, too", () => {
        expect(parseConfiguration({ ...withUser({ name: "postgres" }) }).devUser).toBe("postgres");
    });

    test.each([
        ["a.sql", ["a.sql"]],
        [
            ["a.sql", "b"],
            ["a.sql", "b"],
        ],
    ])("takes the schema %j", (schema, expected) => {
        expect(parseConfiguration({ schema }).schema).toEqual(expected);
    });

    test("takes variables of any scalar as text, and the bounds of all counts", () => {
        const input = { variables: { a: 1, b: true, c: "" }, stock: 0, kept: 1000, maxAge: 1 };
        expect(parseConfiguration({ ...withUpstream({}), ...input })).toMatchObject({
            variables: { a: "1", b: "true", c: "" },
            stock: 0,
            kept: 1000,
            maxAge: 1,
        });
    });

    const BIG = "x".repeat(64);
    test.each<[string, unknown, string]>([
        [
            "no upstreams",
            {},
            "upstreams: no upstream is declared; give at least one, with its host and database, or set schema to the files of your schema, from which they are derived.",
        ],
        [
            "an empty list",
            { upstreams: [] },
            "upstreams: no upstream is declared; give at least one, with its host and database, or set schema to the files of your schema, from which they are derived.",
        ],
        ["text for a list", { upstreams: "upstream_db" }, "upstreams: must be a list, but is text."],
        ["a mapping for a list", { upstreams: { a: 1 } }, "upstreams: must be a list, but is a mapping."],
        [
            "nothing in the list",
            { upstreams: [null] },
            "upstreams[0]: must be a mapping of keys to values, but is empty (null).",
        ],
        ["no database", { upstreams: [{ host: "h" }] }, "upstreams[0].database: is missing; give text."],
        [
            "an empty database",
            { upstreams: [{ database: "" }] },
            "upstreams[0].database: a name is empty; PostgreSQL has no empty names.",
        ],
        [
            "a database with a long name",
            { upstreams: [{ database: BIG }] },
            `upstreams[0].database: the name "${BIG}" has 64 bytes; PostgreSQL keeps at most 63. Shorten it.`,
        ],
        [
            "a number for a database",
            { upstreams: [{ database: 5 }] },
            "upstreams[0].database: must be text, but is a number: 5. Put it in quotes.",
        ],
        [
            "a boolean for a database",
            { upstreams: [{ database: true }] },
            "upstreams[0].database: must be text, but is true or false: true. Put it in quotes.",
        ],
        [
            "a template",
            { upstreams: [{ database: "template1" }] },
            'upstreams[0].database: the database "template1" is a template that every new database is copied from; stubs in it would end up in all of them. Use another name.',
        ],
        [
            "a host with a space",
            withUpstream({ host: "a b" }),
            'upstreams[0].host: the host "a b" is no host name; allowed are letters, digits, "-" and "_" in labels of up to 63 characters, separated by dots, 253 in all, addresses, and absolute paths of socket folders.',
        ],
        [
            "half an address",
            withUpstream({ host: "10.1" }),
            'upstreams[0].host: the host "10.1" is no whole IPv4 address; write all four numbers, such as "10.0.0.5".',
        ],
        [
            "a hostaddr that is a name",
            withUpstream({ hostaddr: "db" }),
            'upstreams[0].hostaddr: the address "db" is no IPv4 or IPv6 address, such as "10.0.0.5" or "fd00::5".',
        ],
        [
            "an option that is none",
            withUpstream({ connections: [{ sslmod: "require" }] }),
            `upstreams[0].connections[0]: unknown key "sslmod". Known keys: ${CONNECTION_OPTIONS.join(", ")}. Check the spelling, or remove it.`,
        ],
        [
            "an option that is a list",
            withUpstream({ connections: [{ sslmode: [] }] }),
            "upstreams[0].connections[0].sslmode: an option's value must be text.",
        ],
        [
            "an option's value that libpq does not know",
            withUpstream({ connections: [{ sslmode: "verify_full", channel_binding: "require" }] }),
            'upstreams[0].connections[0].sslmode: the value "verify_full" is none that libpq knows; allowed are disable, allow, prefer, require, verify-ca, verify-full.',
        ],
        [
            "a schema that no extension can have",
            withUpstream({ extensionSchemas: { citext: "pg_x" } }),
            'upstreams[0].extensionSchemas.citext: the schema name "pg_x" is reserved by PostgreSQL. Use another.',
        ],
        [
            "port 0",
            withUpstream({ port: 0 }),
            "upstreams[0].port: the port 0 is no TCP port; allowed are whole numbers from 1 to 65535.",
        ],
        [
            "port 70000",
            withUpstream({ port: 70000 }),
            "upstreams[0].port: the port 70000 is no TCP port; allowed are whole numbers from 1 to 65535.",
        ],
        [
            "half a port",
            withUpstream({ port: 1.5 }),
            "upstreams[0].port: the port 1.5 is no TCP port; allowed are whole numbers from 1 to 65535.",
        ],
        [
            "a port in quotes",
            withUpstream({ port: "5432" }),
            'upstreams[0].port: must be a number, but is text: "5432". Write it without quotes.',
        ],
        [
            "a port that is no number",
            withUpstream({ port: "http" }),
            'upstreams[0].port: must be a number, but is text: "http".',
        ],
        ["a port that is NaN", withUpstream({ port: Number.NaN }), "upstreams[0].port: must be a number, but is NaN."],
        [
            "the stack's port",
            { ...withUpstream({}), port: 65536 },
            "port: the port 65536 is no TCP port; allowed are whole numbers from 1 to 65535.",
        ],
        [
            "users as a mapping",
            withUpstream({ users: { name: "u" } }),
            "upstreams[0].users: must be a list, but is a mapping.",
        ],
        [
            "a reserved user",
            withUser({ name: "pg_read_all_data" }),
            'upstreams[0].users[0].name: the role name "pg_read_all_data" begins with "pg_", which PostgreSQL reserves. Use another.',
        ],
        ["a user without a name", withUser({}), "upstreams[0].users[0].name: is missing; give text."],
        [
            "an empty password",
            withUser({ name: "u", password: "" }),
            "upstreams[0].users[0].password: the password is empty. Give one, or remove the key.",
        ],
        [
            "an extension without a name",
            withUpstream({ extensions: [""] }),
            "upstreams[0].extensions[0]: a name is empty; PostgreSQL has no empty names.",
        ],
        [
            "extensions as text",
            withUpstream({ extensions: "hstore" }),
            "upstreams[0].extensions: must be a list, but is text.",
        ],
        ["DDL as a list", withUpstream({ ddl: ["SELECT 1"] }), "upstreams[0].ddl: the DDL must be SQL text."],
        [
            "a file without a name",
            withUpstream({ ddlFiles: [""] }),
            "upstreams[0].ddlFiles[0]: the file's name is empty. Give its path, or remove the entry.",
        ],
        [
            "a long table name",
            withTable({ name: BIG }),
            `upstreams[0].tables[0].name: the name "${BIG}" has 64 bytes; PostgreSQL keeps at most 63. Shorten it.`,
        ],
        [
            "a system schema",
            withTable({ schema: "pg_catalog" }),
            'upstreams[0].tables[0].schema: the schema name "pg_catalog" is reserved by PostgreSQL. Use another.',
        ],
        [
            "a column as text",
            withTable({ columns: ["id bigint"] }),
            "upstreams[0].tables[0].columns[0]: must be a mapping of keys to values, but is text.",
        ],
        [
            "a column without a type",
            withTable({ columns: [{ name: "c" }] }),
            "upstreams[0].tables[0].columns[0].type: is missing; give text.",
        ],
        [
            "a column with an empty type",
            withTable({ columns: [{ name: "c", type: "  " }] }),
            'upstreams[0].tables[0].columns[0].type: the type is empty; write for example "bigint" or "numeric(10,2)".',
        ],
        [
            "a column twice",
            withTable({
                columns: [
                    { name: "c", type: "int" },
                    { name: "c", type: "int" },
                ],
            }),
            'upstreams[0].tables[0].columns[1].name: the column "c" is declared twice. Remove one.',
        ],
        [
            "a row as a list",
            withTable({ rows: [[1]] }),
            "upstreams[0].tables[0].rows[0]: must be a mapping of keys to values, but is a list.",
        ],
        [
            "a row with an unknown column",
            withTable({ columns: [{ name: "id", type: "int" }], rows: [{ id: 1 }, { ID: 2 }] }),
            'upstreams[0].tables[0].rows[1].ID: the table has no column "ID"; its columns are "id". Declare the column, or remove the value.',
        ],
        [
            "a row in a table without columns",
            withTable({ rows: [{ id: 1 }] }),
            'upstreams[0].tables[0].rows[0].id: the table has no column "id"; it has none. Declare the column, or remove the value.',
        ],
        [
            "a number that JavaScript cannot hold",
            withTable({ columns: [{ name: "id", type: "bigint" }], rows: [{ id: 2 ** 53 }] }),
            "upstreams[0].tables[0].rows[0].id: the number 9007199254740992 is too long to be read exactly. Put it in quotes.",
        ],
        [
            "such a number deep inside",
            withTable({ columns: [{ name: "d", type: "jsonb" }], rows: [{ d: { a: [-(2 ** 60)] } }] }),
            "upstreams[0].tables[0].rows[0].d: the number -1152921504606847000 is too long to be read exactly. Put it in quotes.",
        ],
        [
            "a value that is none",
            withTable({ columns: [{ name: "d", type: "float8" }], rows: [{ d: Number.POSITIVE_INFINITY }] }),
            "upstreams[0].tables[0].rows[0].d: this is no value to seed; allowed are text, finite numbers, true, false, null, and lists and mappings of these.",
        ],
        [
            "an empty image",
            { ...withUpstream({}), image: " " },
            'image: the image is empty; write for example "postgres:18".',
        ],
        [
            "a number as the image",
            { ...withUpstream({}), image: 18 },
            "image: must be text, but is a number: 18. Put it in quotes.",
        ],
        [
            "a setting that is none",
            { ...withUpstream({}), settings: { "a b": "1" } },
            'settings.a b: the server setting "a b" is no name of a setting; allowed are names as in postgresql.conf, such as "work_mem".',
        ],
        [
            "a setting of the stack's own",
            { ...withUpstream({}), settings: { listen_addresses: "*" } },
            'settings.listen_addresses: the server setting "listen_addresses" belongs to the stack and cannot be changed. Remove it.',
        ],
        [
            "a setting without a value",
            { ...withUpstream({}), settings: { work_mem: null } },
            "settings.work_mem: a setting's value must be text, a number, true or false.",
        ],
        [
            "settings as a list",
            { ...withUpstream({}), settings: ["a"] },
            "settings: must be a mapping of keys to values, but is a list.",
        ],
        [
            "a dev database that every server has",
            { ...withUpstream({}), devDatabase: "postgres" },
            'devDatabase: the dev database cannot be "postgres", which every server has and needs. Use another name.',
        ],
        [
            "a stock that is too large",
            { ...withUpstream({}), stock: 1001 },
            "stock: stock is 1001; allowed are whole numbers from 0 to 1000.",
        ],
        [
            "a number for the schema",
            { schema: 5 },
            "schema: must be the path of a SQL file or folder, or a list of such paths, but it is a number.",
        ],
        [
            "nothing for the schema",
            { schema: null },
            "schema: must be the path of a SQL file or folder, or a list of such paths, but it is empty (null).",
        ],
        [
            "a mapping among the schema's paths",
            { schema: ["a.sql", {}] },
            "schema: must be the path of a SQL file or folder, or a list of such paths, but entry 1 is a mapping.",
        ],
        [
            "an empty path of the schema",
            { schema: "" },
            "schema[0]: the file's name is empty. Give its path, or remove the entry.",
        ],
        [
            "an empty path among the schema's",
            { schema: ["a.sql", ""] },
            "schema[1]: the file's name is empty. Give its path, or remove the entry.",
        ],
        [
            "a path of the schema that is named twice",
            { schema: ["a.sql", "b.sql", "a.sql"] },
            'schema[2]: "a.sql" is named twice. Remove one.',
        ],
        [
            "a list of variables",
            { ...withUpstream({}), variables: ["A"] },
            "variables: must be a mapping of keys to values, but is a list.",
        ],
        [
            "a variable without a value",
            { ...withUpstream({}), variables: { A: null } },
            "variables.A: a variable's value must be text, a number, true or false, but it is empty (null). Write it as text, or remove the entry.",
        ],
        [
            "a variable that is a list",
            { ...withUpstream({}), variables: { A: ["secret"] } },
            "variables.A: a variable's value must be text, a number, true or false, but it is a list. Write it as text, or remove the entry.",
        ],
        [
            "a variable without a name",
            { ...withUpstream({}), variables: { "": "x" } },
            "variables.: the name of a variable is empty. Give the placeholder's, or remove the entry.",
        ],
        ["text for the roles", { ...withUpstream({}), roles: "app" }, "roles: must be a list, but is text."],
        [
            "a number for a role",
            { ...withUpstream({}), roles: [5] },
            "roles[0]: must be text, but is a number: 5. Put it in quotes.",
        ],
        [
            "an empty role",
            { ...withUpstream({}), roles: ["app", ""] },
            "roles[1]: a name is empty; PostgreSQL has no empty names.",
        ],
        [
            "a reserved role",
            { ...withUpstream({}), roles: ["pg_x"] },
            'roles[0]: the role name "pg_x" begins with "pg_", which PostgreSQL reserves. Use another.',
        ],
        [
            "a role that is named twice",
            { ...withUpstream({}), roles: ["app", "app"] },
            'roles[1]: "app" is named twice. Remove one.',
        ],
        ["text for the baseline", { ...withUpstream({}), baseline: "a.sql" }, "baseline: must be a list, but is text."],
        [
            "an empty path in the baseline",
            { ...withUpstream({}), baseline: [""] },
            "baseline[0]: the file's name is empty. Give its path, or remove the entry.",
        ],
        [
            "a file that is named twice in the baseline",
            { ...withUpstream({}), baseline: ["a.sql", "a.sql"] },
            'baseline[1]: "a.sql" is named twice. Remove one.',
        ],
        [
            "a negative stock",
            { ...withUpstream({}), stock: -1 },
            "stock: stock is -1; allowed are whole numbers from 0 to 1000.",
        ],
        [
            "half a fresh database",
            { ...withUpstream({}), stock: 1.5 },
            "stock: stock is 1.5; allowed are whole numbers from 0 to 1000.",
        ],
        [
            "text for the stock",
            { ...withUpstream({}), stock: "8" },
            'stock: must be a number, but is text: "8". Write it without quotes.',
        ],
        ["no stock", { ...withUpstream({}), stock: null }, "stock: must be a number, but is empty (null)."],
        [
            "a negative number of leftovers",
            { ...withUpstream({}), kept: -1 },
            "kept: kept is -1; allowed are whole numbers from 0 to 1000.",
        ],
        [
            "half a leftover",
            { ...withUpstream({}), kept: 0.5 },
            "kept: kept is 0.5; allowed are whole numbers from 0 to 1000.",
        ],
        [
            "too many leftovers",
            { ...withUpstream({}), kept: 1001 },
            "kept: kept is 1001; allowed are whole numbers from 0 to 1000.",
        ],
        [
            "no age",
            { ...withUpstream({}), maxAge: 0 },
            "maxAge: maxAge is 0; allowed are whole numbers from 1 to 31536000.",
        ],
        [
            "an age of more than a year",
            { ...withUpstream({}), maxAge: 31_536_001 },
            "maxAge: maxAge is 31536001; allowed are whole numbers from 1 to 31536000.",
        ],
        ["an age with a unit", { ...withUpstream({}), maxAge: "1h" }, 'maxAge: must be a number, but is text: "1h".'],
        [
            "tables beside a contract",
            withUpstream({ contract: "c.sql", tables: [{ name: "t" }], ddl: "SELECT 1" }),
            "2 problems\n  - upstreams[0].ddl: the contract tells what the upstream has, and nothing is added to it. Remove ddl, or the contract.\n  - upstreams[0].tables: the contract tells what the upstream has, and nothing is added to it. Remove tables, or the contract.",
        ],
        [
            "a contract that is no path",
            withUpstream({ contract: 1 }),
            "upstreams[0].contract: must be the path of a SQL file or folder, or a list of such paths, but it is a number.",
        ],
        [
            "a path of a contract twice",
            withUpstream({ contract: ["c.sql", "c.sql"] }),
            'upstreams[0].contract[1]: "c.sql" is named twice. Remove one.',
        ],
        [
            "a reserved dev user",
            { ...withUpstream({}), devUser: "public" },
            'devUser: the role name "public" is reserved by PostgreSQL. Use another.',
        ],
    ])("refuses %s", (_, input, message) => {
        expect(refusal(input)).toBe(`${PREFIX}${message}`);
    });

    test.each([
        [{ ...withUpstream({}), upstream: 1 }, "", CONFIGURATION_KEYS.join(", ")],
        [
            withUpstream({ upstream: 1 }),
            "upstreams[0]: ",
            "host, port, database, contract, hostaddr, stub, connections, publications, users, extensions, extensionSchemas, optionalExtensions, ddl, ddlFiles, tables, seed",
        ],
        [withUser({ name: "u", upstream: 1 }), "upstreams[0].users[0]: ", "name, password, created, trusted, granted"],
        [withTable({ upstream: 1 }), "upstreams[0].tables[0]: ", "schema, name, columns, rows"],
        [
            withTable({ columns: [{ name: "c", type: "int", upstream: 1 }] }),
            "upstreams[0].tables[0].columns[0]: ",
            "name, type",
        ],
    ])("names the unknown key and the known ones: %j", (input, place, known) => {
        expect(refusal(input)).toBe(
            `${PREFIX}${place}unknown key "upstream". Known keys: ${known}. Check the spelling, or remove it.`,
        );
    });

    test("says all mistakes at once", () => {
        const input = { upstreams: [{ host: "a b", database: "db", tabels: [], colour: 1 }], image: "", color: 1 };
        const lines = refusal(input).split("\n");
        expect(lines[0]).toBe("The configuration cannot be used: 4 problems");
        expect(lines.slice(1).map((line) => line.split(/[;.] /)[0])).toEqual([
            '  - upstreams[0].host: the host "a b" is no host name',
            '  - upstreams[0]: unknown keys "tabels", "colour"',
            "  - image: the image is empty",
            '  - unknown key "color"',
        ]);
    });

    const SECRET = "hunter2-s3cret";
    test.each<[string, unknown]>([
        ["a password that is a list", withUser({ name: "u", password: [SECRET] })],
        ["a password that is a number", withUser({ name: "u", password: 77_665_544 })],
        ["a user that is text", withUser(`u:${SECRET}`)],
        ["a user with a bad name", withUser({ name: "pg_x", password: SECRET })],
        ["a user with an unknown key", withUser({ name: "u", password: SECRET, x: SECRET })],
        ["a misspelled key", withUser({ name: "u", pasword: SECRET })],
        ["users that are a mapping", withUpstream({ users: { name: "u", password: SECRET } })],
        ["users that are text", withUpstream({ users: `u:${SECRET}` })],
        ["upstreams that are a mapping", { upstreams: { a: { users: [{ name: "u", password: SECRET }] } } }],
        ["upstreams that are broken JSON", { upstreams: `[{"users": [{"password": "${SECRET}"` }],
        ["an upstream that is text", { upstreams: [`postgres://u:${SECRET}@h/db`] }],
        ["a list of lists", { upstreams: [[{ password: SECRET }]] }],
    ])("shows no password: %s", (_, input) => {
        const message = refusal(input);
        expect(message.startsWith(PREFIX)).toBe(true);
        expect(message).not.toContain(SECRET);
        expect(message).not.toContain("77665544");
    });

    test("shows no password, wherever the mistake is", () => {
        const anywhere = fc.letrec((tie) => ({
            value: fc.oneof(
                { depthSize: "small", withCrossShrink: true },
                fc.constant(null),
                fc.integer(),
                fc.array(tie("value"), { maxLength: 3 }),
                fc.record(
                    {
                        name: fc.constantFrom("u", "pg_u", ""),
                        password: fc.constantFrom<unknown>(SECRET, [SECRET], { [SECRET]: 1 }),
                        users: tie("value"),
                        database: fc.constant("db"),
                    },
                    { requiredKeys: [] },
                ),
            ),
        }));
        fc.assert(
            fc.property(anywhere.value, (value) => {
                for (const input of [{ upstreams: value }, withUpstream({ users: value })]) {
                    // A key of a mapping that stands for a password is the only thing of it that may be named.
                    expect(refusal(input).replaceAll(/unknown keys? [^\n]*/g, "")).not.toContain(SECRET);
                }
            }),
        );
    });

    test("answers any JSON with a configuration or one InputError", () => {
        fc.assert(
            fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
                for (const input of [
                    a,
                    { upstreams: a },
                    { upstreams: [a, b] },
                    { ...withTable({ rows: a, columns: b }) },
                ]) {
                    expect(refusal(input)).toMatch(/^(?:The configuration cannot be used: .|not refused$)/s);
                }
            }),
        );
    });
});

describe("resolveUpstreams", () => {
    const parsed = (more: object) => parseConfiguration(withUpstream(more)).upstreams;

    test("reads DDL files before the text, each under its own name", () => {
        const declared = parsed({ ddlFiles: ["a.sql", "dir/b.sql"], ddl: "SELECT 1" });
        expect(resolveUpstreams(declared, (path) => `-- ${path}`)[0]?.ddl).toEqual([
            { origin: "a.sql", line: 1, sql: "-- a.sql" },
            { origin: "dir/b.sql", line: 1, sql: "-- dir/b.sql" },
            { origin: "upstreams[0].ddl", line: 1, sql: "SELECT 1" },
        ]);
    });

    test.each<[unknown, Array<{ origin: string; text: string }> | string]>([
        ["s/t.csv", [{ origin: "s/t.csv", text: "-- s/t.csv" }]],
        [
            ["a.sql", { origin: "b.csv", text: "id" }],
            [
                { origin: "a.sql", text: "-- a.sql" },
                { origin: "b.csv", text: "id" },
            ],
        ],
        [[], []],
        [5, "seed: must be the path of a SQL or CSV file, or a list of such paths, but it is a number."],
        [["a.csv", "b.txt"], 'seed[1]: "b.txt" is no file of rows; allowed are files that end in .sql or .csv.'],
    ])("reads files of rows: %j", (seed, expected) => {
        if (typeof expected === "string") {
            expect(() => parsed({ seed })).toThrow(new InputError(`${PREFIX}upstreams[0].${expected}`));
        } else {
            const [upstream] = resolveUpstreams(parsed({ seed }), (path) => `-- ${path}`);
            expect(upstream?.seed ?? []).toEqual(expected);
        }
    });

    test("says which file cannot be read, and where it was looked for", () => {
        const read = () => {
            throw new Error("ENOENT: no such file or directory");
        };
        expect(() => resolveUpstreams(parsed({ ddlFiles: ["missing.sql"] }), read)).toThrow(
            new InputError(
                `${PREFIX}upstreams[0].ddlFiles: the file "missing.sql" cannot be read (ENOENT: no such file or directory). Paths are relative to the folder of the configuration.`,
            ),
        );
    });

    test("gives users a password only where there is one", () => {
        const users = [{ name: "a", password: "x" }, { name: "b" }];
        expect(resolveUpstreams(parsed({ users }), () => "")[0]?.users).toStrictEqual(users);
    });
});
