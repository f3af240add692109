// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of shell templates are what is tested
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { contentOfDev, rows } from "../../engine/support/scenario";
import { Checkout, type Run } from "../support/checkout";
import { everythingGoes, FDW_CONFIGURATION, FDW_SCHEMA } from "../support/fresh-stack";

/** Bound on what is only started here; the machine may be busy. */
const PARALLEL = 12;

let checkout: Checkout;
let devUrl: string;

beforeAll(async () => {
    checkout = await Checkout.create({ ...FDW_CONFIGURATION, stock: 4 });
    checkout.write("schema.sql", FDW_SCHEMA);
    // The checkout's own node-postgres, found from its folder.
    checkout.write(
        "scenario.js",
        `const { Client } = require("pg");
        const { readFileSync } = require("node:fs");
        (async () => {
            const client = new Client({ connectionString: process.env.DEV_URL });
            await client.connect();
            await client.query(readFileSync("schema.sql", "utf8"));
            const { rows } = await client.query("SELECT n::int, current_database() AS name FROM event_count");
            console.log(JSON.stringify(rows[0]));
            await client.end();
        })();`,
    );
    devUrl = await checkout.up();
});

afterAll(async () => {
    await checkout?.remove();
});

afterEach(async () => {
    await everythingGoes(devUrl);
});

function run(...command: string[]): Promise<Run> {
    return checkout.run(["run", "--", ...command]);
}

async function appears(file: string): Promise<void> {
    await expect.poll(() => existsSync(join(checkout.directory, file)), { timeout: 60_000, interval: 20 }).toBe(true);
}

describe("the command", () => {
    test("has the URL in its environment and in its arguments", async () => {
        const { code, stdout, stderr } = await run(
            process.execPath,
            "-p",
            "JSON.stringify([process.env.DEV_URL, process.env.ATLAS_DEV_URL, ...process.argv.slice(1)])",
            "{devUrl}",
            "--dev-url={devUrl}&a={devUrl}",
            "{devurl}",
        );
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        const [url = "", ...others] = z.array(z.string()).parse(JSON.parse(stdout));
        expect(others).toEqual([url, url, `--dev-url=${url}&a=${url}`, "{devurl}"]);
        expect(url.replace(/\/fdw_stub_[0-9a-f]{12}\?/, "/dev?")).toBe(devUrl);
    });

    test("has a database of its own, in which the whole scenario runs twice", async () => {
        const names = new Set<unknown>();
        for (const _ of [1, 2]) {
            const { code, stdout, stderr } = await run(process.execPath, "scenario.js");
            expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
            const told = z.object({ n: z.literal(3), name: z.string() }).parse(JSON.parse(stdout));
            names.add(told.name);
        }
        expect(names.size).toBe(2);
        await expect(contentOfDev(devUrl)).resolves.toEqual([]);
    });

    test("keeps its own dashes", async () => {
        const { stdout } = await run("sh", "-c", 'printf "%s|" "$@"', "x", "--stack", "y", "--", "-h");
        expect(stdout).toBe("--stack|y|--|-h|");
    });

    test("may take longer than an idle session may live", async () => {
        await rows(devUrl, "ALTER ROLE postgres SET idle_session_timeout = '300ms'", "postgres");
        const { code, stderr } = await run("sh", "-c", `sleep 1.5; exec ${process.execPath} scenario.js`);
        await rows(devUrl, "ALTER ROLE postgres RESET idle_session_timeout", "postgres");
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    });

    test(`runs beside ${PARALLEL - 1} others`, async () => {
        const all = await Promise.all(Array.from({ length: PARALLEL }, () => run(process.execPath, "scenario.js")));
        expect(all.map(({ code, stderr }) => ({ code, stderr }))).toEqual(all.map(() => ({ code: 0, stderr: "" })));
        const names = all.map(({ stdout }) => z.object({ name: z.string() }).parse(JSON.parse(stdout)).name);
        expect(new Set(names).size).toBe(PARALLEL);
    });
});

describe("the desired schema", () => {
    const REPORT = `JSON.stringify([process.env.DESIRED_URL, process.env.DEV_URL, ...process.argv.slice(1)])`;

    function desired(paths: readonly string[], options: readonly string[], ...command: string[]): Promise<Run> {
        return checkout.run(["run", "--desired", ...paths, ...options, "--", ...command]);
    }

    test("has a database of its own beside the empty one, for as long as the command runs", async () => {
        // Roles on both sides, a placeholder, and a script that only psql understands.
        mkdirSync(join(checkout.directory, "desired"));
        checkout.write("desired/1.sql", `CREATE ROLE app_reader;\n\\set table users2\n${FDW_SCHEMA}`);
        checkout.write("desired/2.sql", "CREATE TABLE :table ();\nCREATE TABLE ${NAME} ();\n");
        const script = `const { Client } = require("pg");
            (async () => {
                const tables = [];
                for (const url of [process.env.DESIRED_URL, process.env.DEV_URL]) {
                    const client = new Client({ connectionString: url });
                    await client.connect();
                    await client.query("CREATE ROLE app_reader").catch(() => tables.push("taken"));
                    await client.query("DROP ROLE IF EXISTS app_reader");
                    const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
                    tables.push(rows.map((row) => row.tablename));
                    await client.end();
                }
                console.log(JSON.stringify(tables));
            })();`;
        checkout.write("both.js", script);
        const given = ["--var", "NAME=named", "--var", "table=more"];
        const { code, stdout, stderr } = await desired(["desired"], given, process.execPath, "both.js");
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(JSON.parse(stdout)).toEqual([["more", "named", "users"], []]);
    });

    test("is in the environment and in the arguments", async () => {
        checkout.write("one.sql", "CREATE TABLE t ();\n");
        const { stdout } = await desired(["one.sql"], [], process.execPath, "-p", REPORT, "{desiredUrl}", "{devUrl}");
        const [toUrl, fresh, first, second] = z.array(z.string()).parse(JSON.parse(stdout));
        expect([first, second]).toEqual([toUrl, fresh]);
        expect(toUrl).not.toBe(fresh);
    });

    test.each<[string, string, RegExp]>([
        [
            "fails.sql",
            "SELECT 1;\nSELECT nope;\n",
            /^fdw-stub: desired schema, fails\.sql:2: column "nope" does not exist/,
        ],
        ["unread.sql", "CREATE TABL x;\n", /^fdw-stub: --desired: the schema cannot be read whole/],
    ])("%s is one clear error, and the command does not run", async (name, text, message) => {
        checkout.write(name, text);
        const { code, stdout, stderr } = await desired([name], [], "echo", "ran");
        expect(stderr).toMatch(message);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    });

    test.each<[string[], string]>([
        [["run", "--", "echo", "{desiredUrl}"], "and no schema is named for it"],
        [["run", "--var", "a=b", "--", "echo"], "--desired names no schema"],
    ])("%j without one is one clear error", async (args, message) => {
        const { code, stdout, stderr } = await checkout.run(args);
        expect(stderr).toContain(message);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    });
});

describe("how it ends", () => {
    test.each([
        ["exit 7", 7],
        ["kill -KILL $$", 137],
        ["kill -TERM $$", 143],
    ])("%s is passed on as %i", async (script, code) => {
        await expect(run("sh", "-c", script)).resolves.toMatchObject({ code, stderr: "" });
    });

    test("one that is not found", async () => {
        await expect(run("no-such-command", "{devUrl}")).resolves.toMatchObject({
            code: 127,
            stdout: "",
            stderr: 'fdw-stub: The command "no-such-command" was not found. Check its name and your PATH.\n',
        });
    });

    test("one that may not be run", async () => {
        checkout.write("plain.txt", "no program");
        chmodSync(join(checkout.directory, "plain.txt"), 0o644);
        await expect(run("./plain.txt")).resolves.toMatchObject({
            code: 126,
            stdout: "",
            stderr: 'fdw-stub: The command "./plain.txt" may not be run: it is no program, or lacks the permission (chmod +x).\n',
        });
    });

    test("none is given", async () => {
        const { code, stderr } = await checkout.run(["run"]);
        expect(stderr).toContain("missing required argument 'command'");
        expect(code).toBe(1);
    });

    test("the stack is not up", async () => {
        const { code, stdout, stderr } = await checkout.run(["--stack", "other", "run", "--", "echo", "ran"]);
        expect(stderr).toMatch(/^fdw-stub: The stack "other" is not up\. Bring it up with /);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    });
});

describe("signals", () => {
    test.each([
        ["SIGINT", "INT"],
        ["SIGTERM", "TERM"],
    ] as const)("%s reaches the command, and its answer is passed on", async (signal, short) => {
        const ready = `ready-${signal}`;
        const script = `trap 'echo heard; exit 42' ${short}; : >${ready}; while :; do sleep 0.05; done`;
        const { process: child, ended } = checkout.start(["run", "--", "sh", "-c", script]);
        await appears(ready);
        expect(child.kill(signal)).toBe(true);
        await expect(ended).resolves.toMatchObject({ code: 42, stdout: "heard\n", stderr: "" });
    });

    test("one that the command does not handle ends it and is passed on", async () => {
        const { process: child, ended } = checkout.start(["run", "--", "sh", "-c", ": >ready-plain; exec sleep 60"]);
        await appears("ready-plain");
        expect(child.kill("SIGTERM")).toBe(true);
        await expect(ended).resolves.toMatchObject({ code: 143, stdout: "", stderr: "" });
    });

    test("fdw-stub itself is killed, and the database goes all the same", async () => {
        // What the command left running may go on in its database; then that stays until it is done.
        const script = 'echo "$DEV_URL" >url; : >ready-killed; sleep 2';
        const { process: child, ended } = checkout.start(["run", "--", "sh", "-c", script]);
        await appears("ready-killed");
        const url = readFileSync(join(checkout.directory, "url"), "utf8").trim();
        await expect(rows(url, "SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
        expect(child.kill("SIGKILL")).toBe(true);
        await everythingGoes(devUrl);
        await expect(rows(url, "SELECT 1")).rejects.toThrow("does not exist");
        expect((await ended).code).toBeNull();
    });
});
