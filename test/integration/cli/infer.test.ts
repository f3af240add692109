import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { infer } from "../../../cli/infer";
import { InputError } from "../../../upstreams/errors";

const ROOT = join(__dirname, "..", "..", "..");
const SCHEMA = `CREATE EXTENSION postgres_fdw;
CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '\${DB_HOST}', dbname 'orders');
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'reader', password 'geheim');
CREATE FOREIGN TABLE items (id bigint, price numeric(10,2)) SERVER s;
GRANT SELECT ON items TO analyst;
`;

const WAITING = /^(?:Running the schema|No image registry|Pulling)/;

let folder: string;
let file: string;

beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "fdw-stub-infer-")));
    file = join(folder, "schema.sql");
    writeFileSync(file, SCHEMA);
    mkdirSync(join(folder, "empty"));
});

afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
});

interface Result {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** What the command does, without a process of its own. */
async function inferred(paths: readonly string[], options: Parameters<typeof infer>[1]): Promise<Result> {
    const [stdout, stderr]: [string[], string[]] = [[], []];
    const code = await infer(
        paths,
        options,
        (text) => stdout.push(text),
        (text) => stderr.push(text),
    );
    // What is being waited for, the first time.
    stderr.splice(0, stderr.length, ...stderr.filter((text) => !WAITING.test(text)));
    return { code, stdout: stdout.join("\n"), stderr: stderr.join("\n") };
}

const failure = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

/** The real command, for which there is no Docker. */
async function command(...args: string[]): Promise<Result> {
    const env = { ...process.env, DOCKER_HOST: "unix:///nonexistent.sock" };
    try {
        const run = await promisify(execFile)(process.execPath, [join(ROOT, "bin", "fdw-stub.js"), ...args], {
            env,
            cwd: folder,
        });
        return { code: 0, ...run };
    } catch (error) {
        return failure.parse(error);
    }
}

describe("the forms", () => {
    const known = { var: ["DB_HOST=orders-db"] };

    test("table", async () => {
        const { code, stdout, stderr } = await inferred([file], { format: "table", ...known });
        expect(stdout.split("\n").map((line) => line.replace(/\s+\S+schema\.sql:/, " :"))).toEqual([
            "orders-db:5432/orders",
            "  server s :2",
            "  user reader (for postgres) :3",
            "  public.items :4",
            "    id bigint :4",
            "    price numeric(10,2) :4",
            "",
            "Local roles",
            "  analyst :5",
            "The schema ran over its stubs: 5 statements, none failed.",
        ]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    });

    test("yaml: the upstreams and the roles, as the configuration has them", async () => {
        const { code, stdout, stderr } = await inferred([file], { format: "yaml", ...known });
        expect(parse(stdout)).toEqual({
            config: {
                "fdw-stub:upstreams": [
                    {
                        host: "orders-db",
                        database: "orders",
                        users: [{ name: "reader", password: "geheim" }],
                        tables: [
                            {
                                name: "items",
                                columns: [
                                    { name: "id", type: "bigint" },
                                    { name: "price", type: "numeric(10,2)" },
                                ],
                            },
                        ],
                    },
                ],
                "fdw-stub:roles": ["analyst"],
            },
        });
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    });

    test("json", async () => {
        const { code, stdout } = await inferred([file], { format: "json", ...known });
        expect(JSON.parse(stdout)).toMatchObject({
            upstreams: [{ host: "orders-db", port: 5432, database: "orders" }],
            roles: [{ name: "analyst", place: { file, line: 5 } }],
            findings: [],
            files: [{ file, tool: "plain", statements: 5 }],
            statements: 5,
        });
        expect(code).toBe(0);
    });

    test("sql", async () => {
        const { code, stdout } = await inferred([file], { format: "sql", ...known });
        expect(stdout.split("\n")).toEqual(
            expect.arrayContaining([
                `CREATE ROLE "reader" LOGIN PASSWORD 'geheim';`,
                `CREATE ROLE "analyst";`,
                `CREATE DATABASE "orders";`,
                `CREATE TABLE "public"."items" (`,
            ]),
        );
        expect(code).toBe(0);
    });

    test("mermaid", async () => {
        const { code, stdout } = await inferred([file], { format: "mermaid", ...known });
        expect(stdout).toContain('    dev -- "s as reader" --> u0');
        expect(stdout).not.toContain("geheim");
        expect(code).toBe(0);
    });

    test.each(["yaml", "sql", "mermaid"])("%s says beside the result what is not known", async (format) => {
        const { code, stdout, stderr } = await inferred([file], { format });
        expect(stderr).toMatch(/^error: \S+schema\.sql:2: .*DB_HOST.*\[host-unknown\]\n {4}.*variables: .*"DB_HOST"/);
        expect(stdout).not.toContain("host-unknown");
        expect(code).toBe(1);
    });

    test.each([
        ["github", /^::error file=\S*schema\.sql,line=2,title=fdw-stub infer%3A [a-z-]+::/m],
        ["junit", /<failure type="[a-z-]+" message="[^"]*DB_HOST/],
        ["sarif", /"level": "error"/],
        ["gitlab", /"severity": "critical"/],
    ])("%s is made of it", async (format, expected) => {
        const { code, stdout, stderr } = await inferred([file], { format });
        expect(code).toBe(1);
        expect(stdout).toMatch(expected);
        expect(stderr).toBe("");
    });

    test.each(["table", "json"])("%s holds it", async (format) => {
        const { code, stdout, stderr } = await inferred([file], { format });
        expect(stdout).toContain("host-unknown");
        expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    });
});

describe("the exit status", () => {
    test.each<[string, string, number, string]>([
        ["nothing to stub", "CREATE TABLE t (a int);", 0, "No upstream is needed."],
        ["a refused statement", "CREATE FOREIGN TABLE t (a int) SERVER nowhere;", 0, 'server "nowhere" does not exist'],
    ])("%s", async (_name, sql, code, text) => {
        const one = join(folder, "status.sql");
        writeFileSync(one, sql);
        const result = await inferred([one], { format: "table" });
        expect(result.code).toBe(code);
        expect(result.stdout).toContain(text);
    });

    test("an empty folder", async () => {
        const { code, stdout } = await inferred([join(folder, "empty")], { format: "table" });
        expect(stdout).toMatch(/^No upstream was found\.\n\nerror: .*The folder ".*empty" holds no SQL file to read\./);
        expect(code).toBe(1);
    });
});

describe("a mistake is one clear message:", () => {
    test.each<[string, string[], Parameters<typeof infer>[1], string]>([
        [
            "an unknown form",
            ["schema.sql"],
            { format: "xml" },
            '--format "xml" is unknown; known are table, yaml, json, sql, mermaid, github, junit, sarif, gitlab.',
        ],
        [
            "an unknown tool",
            ["schema.sql"],
            { format: "table", tool: "maven" },
            '--tool "maven" is unknown; known are atlas, golang-migrate, flyway, goose, dbmate, sqitch, liquibase, rails, pg_dump, plain.',
        ],
        [
            "a variable without a value",
            ["schema.sql"],
            { format: "table", var: ["A=1", "DB_HOST"] },
            '--var "DB_HOST" is no assignment; write it as NAME=VALUE.',
        ],
        [
            "a variable without a name",
            ["schema.sql"],
            { format: "table", var: ["=x"] },
            '--var "=x" is no assignment; write it as NAME=VALUE.',
        ],
        [
            "an empty dev user",
            ["schema.sql"],
            { format: "table", devUser: "" },
            "--dev-user: a name is empty; PostgreSQL has no empty names.",
        ],
        [
            "a dev user that PostgreSQL reserves",
            ["schema.sql"],
            { format: "table", devUser: "pg_me" },
            '--dev-user: the role name "pg_me" begins with "pg_", which PostgreSQL reserves. Use another.',
        ],
        [
            "missing paths",
            ["/nonexistent/a", "/nonexistent/b"],
            { format: "table" },
            "/nonexistent/a, /nonexistent/b does not exist. Name SQL files, folders of migrations, or dumps.",
        ],
    ])("%s", async (_name, paths, options, message) => {
        await expect(inferred(paths, options)).rejects.toEqual(new InputError(message));
    });
});

describe("--tool", () => {
    test.each([
        [undefined, ["V1__a.sql"]],
        ["flyway", ["V1__a.sql"]],
        ["plain", ["U1__a.sql", "V1__a.sql"]],
    ])("%s decides which files of a folder are read", async (tool, names) => {
        const migrations = join(folder, `migrations-${tool}`);
        mkdirSync(migrations);
        writeFileSync(join(migrations, "V1__a.sql"), SCHEMA);
        writeFileSync(join(migrations, "U1__a.sql"), "DROP TABLE IF EXISTS a;");
        const { stdout } = await inferred([migrations], {
            format: "json",
            ...(tool === undefined ? {} : { tool }),
        });
        const { files } = z.object({ files: z.array(z.object({ file: z.string() })) }).parse(JSON.parse(stdout));
        expect(files.map((one) => one.file)).toEqual(names.map((one) => join(migrations, one)));
    });
});

describe("the command", () => {
    test("says where there is no Docker", async () => {
        const { code, stderr } = await command("infer", "--var", "DB_HOST=orders-db", "schema.sql");
        expect(stderr).toContain("Docker cannot be reached at unix:///nonexistent.sock");
        expect(code).toBe(1);
    });

    test.each<[string[], string]>([
        [["schema.sql", "--format", "xml"], 'fdw-stub: --format "xml" is unknown; known are'],
        [["nowhere"], "fdw-stub: nowhere does not exist. Name SQL files, folders of migrations, or dumps.\n"],
        [[], "error: missing required argument 'path'\n"],
    ])("infer %j", async (args, message) => {
        const { code, stdout, stderr } = await command("infer", ...args);
        expect(stderr.startsWith(message)).toBe(true);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    });
});
