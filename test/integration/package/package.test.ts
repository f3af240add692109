import { spawnSync } from "node:child_process";
import {
    cpSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    realpathSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { connectDocker } from "../../../docker/client";
import { LABEL } from "../../../docker/labels";
import { inScratch, rows } from "../../engine/support/scenario";
import { REPOSITORY } from "../support/package-files";

const INSTALL_LIMIT_MS = 300_000;
const packed = z.array(z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })).length(1);

/** A repository of somebody's own, with nothing in it but migrations, and the package from its tarball. */
let repository: string;
let files: string[];

interface Ran {
    readonly code: number | null;
    readonly out: string;
    readonly err: string;
}

function run(command: string, args: readonly string[], cwd = repository): Ran {
    const { status, stdout, stderr } = spawnSync(command, args, {
        cwd,
        encoding: "utf8",
        timeout: INSTALL_LIMIT_MS,
        // As it is for a user: no variable of the npm that runs the tests.
        env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"))),
    });
    return { code: status, out: stdout, err: stderr };
}

function succeed(command: string, args: readonly string[], cwd = repository): string {
    const { code, out, err } = run(command, args, cwd);
    expect(`${code}\n${code === 0 ? "" : out + err}`).toBe("0\n");
    return out.trim();
}

const fdwStub = (...args: string[]) => succeed("npx", ["fdw-stub", ...args]);

beforeAll(async () => {
    repository = realpathSync(mkdtempSync(join(tmpdir(), "fdw-stub-package-")));
    const [tarball] = packed.parse(
        JSON.parse(succeed("npm", ["pack", "--json", "--silent", "--pack-destination", repository], REPOSITORY)),
    );
    files = tarball?.files.map(({ path }) => path) ?? [];
    mkdirSync(join(repository, "db"));
    cpSync(join(REPOSITORY, "examples", "events", "migrations"), join(repository, "db", "migrations"), {
        recursive: true,
    });
    const options = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    succeed("npm", ["install", "--save-dev", ...options, `./${tarball?.filename}`]);
}, INSTALL_LIMIT_MS);

afterAll(async () => {
    const docker = await connectDocker();
    run("npx", ["fdw-stub", "down"]);
    const left = await docker.listContainers({ all: true, filters: { label: [`${LABEL.directory}=${repository}`] } });
    expect(left).toEqual([]);
    rmSync(repository, { recursive: true, force: true });
}, INSTALL_LIMIT_MS);

describe("the tarball", () => {
    test("holds what is built, what the server needs and the sources, and nothing else", () => {
        expect(files).toEqual(
            expect.arrayContaining([
                "PulumiPlugin.yaml",
                "bin/fdw-stub.js",
                "components/args.ts",
                "dist/fdw-stub.js",
                "dist/fdw-stub.schema.json",
                "dist/index.js",
                "dist/index.js.map",
                "dist/licences.txt",
                "dist/types/components/index.d.ts",
                "index.ts",
                "sql/server/entrypoint.sh",
                "tsconfig.json",
            ]),
        );
        expect(files.filter((file) => /^(?:test|bench|docs|examples|\.)|\.test\.|build\.js/.test(file))).toEqual([]);
    });

    test("names the licence of every package that is bundled", () => {
        const text = readFileSync(join(repository, "node_modules", "fdw-stub", "dist", "licences.txt"), "utf8");
        for (const name of ["commander", "pg", "proper-lockfile", "yaml", "zod"]) {
            expect(text).toMatch(new RegExp(`^${name} \\d+\\.`, "m"));
        }
    });
});

describe("the library", () => {
    const SHOW = "console.log(typeof FdwStubDevDatabase, FdwStubDevDatabase.name)";

    test.each([
        ["CommonJS", "own.cjs", `const { FdwStubDevDatabase } = require("fdw-stub"); ${SHOW}`],
        ["ES modules", "own.mjs", `import { FdwStubDevDatabase } from "fdw-stub"; ${SHOW}`],
    ])("is there for programs in %s", (_, file, text) => {
        writeFileSync(join(repository, file), text);
        expect(succeed(process.execPath, [file])).toBe("function FdwStubDevDatabase");
    });

    test.each([
        ["CommonJS", "own.cts"],
        ["ES modules", "own.mts"],
    ])("has types for programs in %s", (_, file) => {
        writeFileSync(
            join(repository, file),
            `import { FdwStubDevDatabase, type Upstream } from "fdw-stub";
             const upstream: Upstream = { database: "d", users: [{ name: "u" }] };
             export const { devUrl } = new FdwStubDevDatabase("dev", { schema: ["db/migrations"], upstreams: [upstream] });
             // @ts-expect-error: a misspelt argument
             new FdwStubDevDatabase("dev", { schemas: [] });`,
        );
        const tsc = join(REPOSITORY, "node_modules", "typescript", "bin", "tsc");
        const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "node16", file];
        succeed(process.execPath, [tsc, ...options]);
    });

    test("shares the SDK with the program that imports it", () => {
        const copies = succeed("npm", ["ls", "--all", "--parseable", "@pulumi/pulumi"]).split("\n");
        expect(copies).toHaveLength(1);
    });
});

describe("what is there for CI", () => {
    const github = z.object({
        runs: z.object({ steps: z.array(z.object({ run: z.string().optional() })) }),
    });
    const gitlab = z.object({
        ".fdw-stub": z.object({ before_script: z.array(z.string()), after_script: z.array(z.string()) }),
    });

    /** Runs a script as a step of a job does, with nothing but the variables that are given. */
    function step(script: string, env: Readonly<Record<string, string>>): string {
        const given = Object.entries(env).map(([name, value]) => `${name}=${value}`);
        return succeed("env", [...given, "bash", "-e", "-o", "pipefail", "-c", script]);
    }

    test("the action sets the URLs, hides the password, and takes the stack down at the end", () => {
        const { steps } = github.parse(parse(readFileSync(join(REPOSITORY, "action.yml"), "utf8"))).runs;
        const script = steps.map(({ run: text = "" }) => text).join("\n");
        const file = join(repository, "github-env");
        writeFileSync(file, "");
        const out = step(script, { SCHEMA: "db/migrations\n", CONFIG: ".", VERSION: "", GITHUB_ENV: file });
        const [, url = ""] = /^DEV_URL=(.*)$/m.exec(readFileSync(file, "utf8")) ?? [];
        expect(out).toContain(`::add-mask::${new URL(url).password}`);
        expect(readFileSync(file, "utf8")).toMatch(/^ATLAS_DEV_URL=postgres:/m);
        const after = join(REPOSITORY, ".github", "actions", "after", "after.js");
        const env = { ...process.env, INPUT_CONFIG: ".", INPUT_VERSION: "" };
        const ended = spawnSync(process.execPath, [after], { cwd: repository, env, encoding: "utf8" });
        expect(ended.stdout).toMatch(/Removed container/);
    });

    test("the GitLab template does the same", () => {
        const [, template = ""] = readFileSync(join(REPOSITORY, "templates", "dev-database.yml"), "utf8").split(
            "---\n",
        );
        const inputs: Readonly<Record<string, string>> = { schema: "db/migrations", config: "." };
        const filled = template
            // Not from a registry: the one that is installed.
            .replaceAll("fdw-stub@$[[ inputs.version ]]", "fdw-stub")
            .replaceAll(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name: string) => inputs[name] ?? "");
        const { before_script, after_script } = gitlab.parse(parse(filled))[".fdw-stub"];
        const out = step([...before_script, "echo job: $DEV_URL $ATLAS_DEV_URL"].join("\n"), {});
        expect(out).toMatch(/job: postgres:\S+ postgres:\S+/);
        expect(step(after_script.join("\n"), {})).toMatch(/Removed container/);
    });
});

describe("the command", () => {
    test("says what it can", () => {
        expect(fdwStub("--help")).toContain("Usage: fdw-stub");
    });

    test("brings a schema's upstreams up with one command, and nothing else", async () => {
        const { code, out, err } = run("npx", ["fdw-stub", "up", "--schema", "db/migrations"]);
        expect([code, out]).toEqual([0, expect.stringContaining("The stack dev is up")]);
        expect(err).not.toContain("[runtime]");
        const url = fdwStub("url");
        await inScratch(url, async (client) => {
            const folder = join(repository, "db", "migrations");
            for (const name of readdirSync(folder).filter((one) => one.endsWith(".sql"))) {
                await client.query(readFileSync(join(folder, name), "utf8"));
            }
            expect((await client.query("SELECT events::int FROM event_count")).rows).toEqual([{ events: 0 }]);
        });
        expect(fdwStub("up", "--schema", "db/migrations")).toContain("unchanged");
        expect(run("npx", ["fdw-stub", "doctor"])).toMatchObject({ code: 0 });
        expect(fdwStub("run", "--", "sh", "-c", "echo $DEV_URL")).toContain("postgres://");
        expect(new URL(fdwStub("url", "--network")).port).toBe("5432");
    });

    test("goes by a configuration file that it writes itself, from every folder below", async () => {
        expect(fdwStub("init")).toContain("db/migrations: ");
        const name = new URL(fdwStub("url")).port;
        mkdirSync(join(repository, "src", "deep"), { recursive: true });
        expect(succeed("npx", ["fdw-stub", "up"], join(repository, "src", "deep"))).toContain(`127.0.0.1:${name}`);
        expect(run("npx", ["fdw-stub", "doctor"]).out).toContain("fdw-stub.yaml declares 1 upstream server");
    });

    test("starts again what was only stopped, with its data and its URL", async () => {
        const url = fdwStub("url");
        await rows(url, "CREATE TABLE kept AS SELECT 1 AS n");
        const docker = await connectDocker();
        const [{ Id = "" } = {}] = await docker.listContainers({
            filters: { label: [`${LABEL.directory}=${repository}`] },
        });
        await docker.getContainer(Id).stop();
        expect(fdwStub("up")).not.toContain("unchanged");
        expect(fdwStub("url")).toBe(url);
        await expect(rows(url, "SELECT n FROM kept")).resolves.toEqual([{ n: 1 }]);
        const log = await docker.getContainer(Id).logs({ stdout: true, stderr: true });
        expect(log.toString()).not.toMatch(/role ".*" does not exist/);
    });

    test("takes values of placeholders on the command line", () => {
        writeFileSync(
            join(repository, "db", "migrations", "20260103000000_more.sql"),
            `CREATE SERVER more FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '\${MORE_HOST}', dbname 'more');`,
        );
        fdwStub("up", "--var", "MORE_HOST=more.internal");
        expect(fdwStub("status")).toContain("more.internal:5432/more");
    });

    test("leaves nothing behind", () => {
        expect(fdwStub("down")).toMatch(/^Removed container /);
    });
});
