import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { lastLines } from "../../../docker/logs";
import { contentOfDev, passwordOf, rows } from "../../engine/support/scenario";
import { Checkout, NOTHING } from "../support/checkout";

const USER_PASSWORD = "the user's own secret";
const CONFIGURATION = {
    upstreams: [
        {
            host: "upstream_db",
            database: "upstream_db",
            users: [{ name: "app", password: USER_PASSWORD }],
            tables: [{ name: "events", columns: [{ name: "id", type: "bigint" }] }],
        },
        { host: "second.internal", port: 6432, database: "Zweite", extensions: ["citext"] },
    ],
};

const status = z.strictObject({
    stack: z.literal("dev"),
    state: z.enum(["up", "broken", "absent"]),
    problems: z.array(z.string()),
    madeBy: z.enum(["standalone", "pulumi"]).optional(),
    container: z.string().optional(),
    port: z.number().optional(),
    image: z.string().optional(),
    standIn: z.string().optional(),
    devDatabase: z.string().optional(),
    servers: z
        .array(
            z.strictObject({
                host: z.string(),
                port: z.number(),
                database: z.string(),
                connections: z.array(z.unknown()),
            }),
        )
        .optional(),
    stubs: z
        .array(
            z.strictObject({
                database: z.string(),
                tableCount: z.number(),
                tables: z.array(z.string()),
                extensions: z.array(z.string()),
                users: z.array(z.string()),
            }),
        )
        .optional(),
});

let checkout: Checkout;

beforeAll(async () => {
    checkout = await Checkout.create(CONFIGURATION);
});

afterAll(async () => {
    await checkout?.remove();
});

/** The doctor's lines, without those on volumes that other stacks on this machine may have filled. */
function diagnosis(stdout: string): string[] {
    const lines = stdout.trimEnd().split("\n");
    return lines.filter((line) => !line.startsWith("ok   volume: fdw-stub-clusters-"));
}

async function statusJson(code: number) {
    const run = await checkout.run(["status", "--json"]);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code, stderr: "" });
    return status.parse(JSON.parse(run.stdout));
}

describe("a stack that is not there", () => {
    test("has no URL, and it is said how to get one", async () => {
        await expect(checkout.run(["url"])).resolves.toMatchObject({
            code: 1,
            stdout: "",
            stderr: 'fdw-stub: The stack "dev" is not up. Bring it up with `npx fdw-stub up --stack dev` or `pulumi up --stack dev`.\n',
        });
    });

    test("has the status absent", async () => {
        await expect(statusJson(1)).resolves.toEqual({ stack: "dev", state: "absent", problems: [] });
        await expect(checkout.run(["status"])).resolves.toMatchObject({ code: 1, stdout: "stack      dev: absent\n" });
    });

    test("is nothing bad to the doctor", async () => {
        const { code, stdout } = await checkout.run(["doctor"]);
        expect(diagnosis(stdout)).toEqual([
            "ok   configuration: Pulumi.dev.yaml declares 2 upstream servers",
            expect.stringMatching(/^ok {3}Docker: version \S+ answers at /),
            expect.stringMatching(/^ok {3}image: postgres:18 is /),
            expect.stringMatching(/^ok {3}port: 127\.0\.0\.1:\d+ is free for the stack$/),
            "ok   stack: dev is not up; `npx fdw-stub up` or `pulumi up` makes it",
        ]);
        expect(code).toBe(0);
        await expect(checkout.objects()).resolves.toEqual(NOTHING);
    });

    test.each([["url"], ["status"], ["down"], ["up"]])("%s says that Docker is out of reach", async (command) => {
        const env = { DOCKER_HOST: "unix:///nonexistent.sock" };
        const { code, stdout, stderr } = await checkout.run([command], { env });
        expect(stderr).toMatch(/^fdw-stub: .*unix:\/\/\/nonexistent\.sock/);
        expect(stderr.split("\n").filter((line) => /^\s+at /.test(line))).toEqual([]);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    });

    test("the doctor says that Docker is out of reach, and what it could see all the same", async () => {
        const { code, stdout } = await checkout.run(["doctor"], { env: { DOCKER_HOST: "unix:///nonexistent.sock" } });
        expect(stdout).toMatch(
            /^ok {3}configuration: .*\nBAD {2}Docker: Docker cannot be reached at unix:\/\/\/nonexistent\.sock \(from DOCKER_HOST\): .*Start Docker.*\n$/,
        );
        expect(code).toBe(1);
    });

    test("the doctor shows a mistake in the configuration", async () => {
        checkout.configure({ upstreams: [{ host: "my host", database: "a" }] }, "wrong");
        const { code, stdout } = await checkout.run(["doctor", "--stack", "wrong"]);
        expect(stdout).toMatch(/^BAD {2}configuration: .*upstreams\[0\]\.host: the host "my host" is no host name/);
        expect(stdout).toMatch(/^ok {3}Docker: /m);
        expect(code).toBe(1);
    });
});

describe("a stack that is up", () => {
    let url: string;
    let told: string;

    beforeAll(async () => {
        const { stdout, stderr } = await checkout.succeed(["up"]);
        told = stdout + stderr;
        url = await checkout.url();
    });

    test("its URL stands alone on stdout, also when it is asked for from a folder within, or from outside", async () => {
        const pattern = /^postgres:\/\/postgres:[A-Za-z0-9]{32}@127\.0\.0\.1:\d+\/dev\?sslmode=disable\n$/;
        const inner = join(checkout.directory, "schema", "inner");
        mkdirSync(inner, { recursive: true });
        for (const run of [
            await checkout.run(["url"]),
            await checkout.run(["url"], { cwd: inner }),
            await checkout.run(["--cwd", checkout.directory, "url"], { cwd: "/" }),
        ]) {
            expect(run).toMatchObject({ code: 0, stdout: `${url}\n`, stderr: "" });
            expect(run.stdout).toMatch(pattern);
        }
        await expect(rows(url, "SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
    });

    test("status tells what the server holds", async () => {
        const { hostPort } = await checkout.server();
        const { standIn, ...told } = await statusJson(0);
        expect(told).toEqual({
            stack: "dev",
            state: "up",
            problems: [],
            madeBy: "standalone",
            container: checkout.objectName(),
            port: hostPort,
            image: standIn === undefined ? "postgres:18" : "fdw-stub/postgres-stand-in:18",
            devDatabase: "dev",
            servers: [
                { host: "upstream_db", port: 5432, database: "upstream_db", connections: [] },
                { host: "second.internal", port: 6432, database: "Zweite", connections: [] },
            ],
            stubs: [
                {
                    database: "upstream_db",
                    tableCount: 1,
                    tables: ["public.events (id bigint)"],
                    extensions: [],
                    users: ["app"],
                },
                { database: "Zweite", tableCount: 0, tables: [], extensions: ["citext"], users: [] },
            ],
        });
    });

    test("up --ask, which `npm start` is, asks every upstream and says what to do next", async () => {
        const { stdout, stderr } = await checkout.succeed(["up", "--ask"]);
        expect(stderr).toBe("");
        expect(stdout).toContain(
            "  upstream upstream_db:5432/upstream_db answers through a foreign server (1 table)\n",
        );
        expect(stdout).toContain(
            "  upstream second.internal:6432/Zweite answers through a foreign server (0 tables)\n",
        );
        expect(stdout).toMatch(/\nNext:\n.*npx fdw-stub url/s);
        await expect(contentOfDev(url)).resolves.toEqual([]);
    });

    test("the doctor asks every upstream, and cleans up", async () => {
        const { code, stdout } = await checkout.run(["doctor"]);
        expect(diagnosis(stdout).slice(3)).toEqual([
            expect.stringMatching(/^ok {3}port: 127\.0\.0\.1:\d+ is published by the stack$/),
            "ok   stack: dev is up, made by fdw-stub up",
            "ok   upstream upstream_db:5432/upstream_db: answers through a foreign server (1 table)",
            "ok   upstream second.internal:6432/Zweite: answers through a foreign server (0 tables)",
        ]);
        expect(code).toBe(0);
        await expect(contentOfDev(url)).resolves.toEqual([]);
        await expect(
            rows(url, "SELECT datname FROM pg_database WHERE datname LIKE 'fdw_stub_probe%'"),
        ).resolves.toEqual([]);
    });

    test("no password shows anywhere but in the URL", async () => {
        const outputs = await Promise.all([
            checkout.run(["up"]),
            checkout.run(["status"]),
            checkout.run(["status", "--json"]),
            checkout.run(["doctor"]),
        ]);
        const { docker } = checkout;
        const name = checkout.objectName();
        const { Config: config } = await docker.getContainer(name).inspect();
        const [network, volume] = [await docker.getNetwork(name).inspect(), await docker.getVolume(name).inspect()];
        const shown = {
            "the first up": told,
            commands: outputs.map((run) => run.stdout + run.stderr).join(),
            labels: JSON.stringify([config.Labels, network, volume]),
            logs: (await lastLines(docker, name, 100_000)).join("\n"),
            processes: JSON.stringify(await docker.getContainer(name).top({ ps_args: "-eo pid,args" })),
            arguments: JSON.stringify([config.Cmd, config.Entrypoint, config.Healthcheck]),
        };
        for (const [where, text] of Object.entries(shown)) {
            expect(text, where).not.toBe("");
            expect(text.includes(passwordOf(url)), `the dev user's password in ${where}`).toBe(false);
            expect(text.includes(USER_PASSWORD), `the user's password in ${where}`).toBe(false);
        }
        // What is looked at is what it should be.
        expect(shown.processes).toContain("postgres: ");
        expect(shown.logs).toContain("database system is ready to accept connections");
    });

    test("an upstream that does not answer is found by the doctor", async () => {
        const kill = await checkout.docker.getContainer(checkout.objectName()).exec({
            // The relay of 6432 and the loop that would start it anew.
            Cmd: [
                "bash",
                "-c",
                "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -Eq '/entrypoint[.]sh|relay[.]pl' && kill -9 $(basename $p); done; true",
            ],
        });
        await kill
            .start({ hijack: true })
            .then((stream) => new Promise((resolve) => stream.resume().once("end", resolve)));
        const { code, stdout } = await checkout.run(["doctor"]);
        expect(stdout).toMatch(
            /^BAD {2}upstream second\.internal:6432\/Zweite: .*could not connect.*\. Nothing listens at this address.*`docker restart \S+` sets up/m,
        );
        expect(stdout).toMatch(/^ok {3}upstream upstream_db:5432\/upstream_db: /m);
        expect(code).toBe(1);
        const check = await checkout.run(["up", "--ask"]);
        expect(check.stderr).toMatch(
            /^fdw-stub: Not every upstream answers:\n {2}upstream second\.internal:6432\/Zweite: /,
        );
        expect(check.code).toBe(1);
    });

    test("a broken stack is told by status and doctor, and its URL is still known", async () => {
        await rows(url, "DROP DATABASE dev WITH (FORCE)", "postgres");
        await expect(statusJson(1)).resolves.toMatchObject({
            state: "broken",
            problems: ['the database "dev" is missing'],
        });
        const { code, stdout } = await checkout.run(["doctor"]);
        expect(stdout).toContain('BAD  stack: the database "dev" is missing. `up` makes the server anew\n');
        expect(code).toBe(1);
    });

    test("a stopped stack has no URL", async () => {
        await checkout.docker.getContainer(checkout.objectName()).kill();
        await expect(checkout.run(["url"])).resolves.toMatchObject({
            code: 1,
            stdout: "",
            stderr: expect.stringMatching(/^fdw-stub: The stack "dev" is exited\. Bring it up with /),
        });
        await expect(statusJson(1)).resolves.toMatchObject({ state: "broken", problems: ["the container is exited"] });
        const { stdout } = await checkout.run(["status"]);
        expect(stdout).toMatch(/^stack {6}dev: broken\n {11}the container is exited\n/);
    });
});

describe("the command itself", () => {
    test.each([
        [["--version"], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
        [["--help"], 0, /Usage: fdw-stub .*\bup\b.*\bdown\b.*\burl\b.*\bstatus\b.*\bdoctor\b/s, /^$/],
        [[], 1, /^$/, /Usage: fdw-stub/],
        [["upp"], 1, /^$/, /unknown command 'upp'\n\(Did you mean up\?\)/],
        [["up", "--nope"], 1, /^$/, /unknown option '--nope'/],
        [["up", "surplus"], 1, /^$/, /too many arguments/],
        [["--stack"], 1, /^$/, /argument missing/],
    ])("%j", async (args, code, stdout, stderr) => {
        const run = await checkout.run(args);
        expect(run.code).toBe(code);
        expect(run.stdout).toMatch(stdout);
        expect(run.stderr).toMatch(stderr);
    });
});
