import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type Docker from "dockerode";
import { Client } from "pg";
import { pack } from "tar-stream";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../../../docker/client";
import { errorText } from "../../../docker/errors";
import { inspectImage } from "../../../docker/image";
import { standInName } from "../../../docker/reference";
import { ensureStandIn } from "../../../setup/stand-in";

const LABEL = { "fdw-stub.test": "1" };
const PASSWORD = "p@ss 'w\"rd";
/** Long enough for a busy machine; a start takes two seconds. */
const LIMIT_MS = 60_000;

interface Settings {
    readonly env?: readonly string[];
    readonly args?: readonly string[];
    readonly entrypoint?: readonly string[];
    /** Files put into the container before it starts, by absolute path. */
    readonly files?: ReadonlyArray<{ name: string; content: string | Buffer; mode?: number }>;
}

let docker: Docker;
let noDocker: string | undefined;
let made: Docker.Container[] = [];

beforeAll(async () => {
    try {
        docker = await connectDocker();
    } catch (error) {
        noDocker = errorText(error);
        console.warn(`Tests of the stand-in image are skipped: ${noDocker}`);
    }
});

afterEach(async () => {
    const all = made;
    made = [];
    await Promise.all(all.map((container) => container.remove({ force: true, v: true })));
});

async function start(image: string, settings: Settings): Promise<Docker.Container> {
    const container = await docker.createContainer({
        Image: image,
        Labels: LABEL,
        Env: [...(settings.env ?? [])],
        ...(settings.args === undefined ? {} : { Cmd: [...settings.args] }),
        ...(settings.entrypoint === undefined ? {} : { Entrypoint: [...settings.entrypoint] }),
        HostConfig: { PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
    });
    made.push(container);
    if (settings.files !== undefined) {
        const archive = pack();
        for (const { name, content, mode = 0o644 } of settings.files) {
            archive.entry({ name: name.slice(1), mode }, content);
        }
        archive.finalize();
        await container.putArchive(Readable.from(archive), { path: "/" });
    }
    await container.start();
    return container;
}

/** What the container wrote, once it has ended by itself. */
async function outcome(container: Docker.Container): Promise<{ status: number; output: string }> {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
        const { State } = await container.inspect();
        if (State.Status === "exited") {
            return { status: State.ExitCode, output: await output(container) };
        }
        if (Date.now() > deadline) {
            throw new Error(`the container has not ended; it wrote:\n${await output(container)}`);
        }
        await sleep(100);
    }
}

async function output(container: Docker.Container): Promise<string> {
    // Both streams are multiplexed; the frames' headers do no harm to a search for text.
    return (await container.logs({ stdout: true, stderr: true })).toString("utf8");
}

interface Login {
    readonly user?: string;
    readonly database?: string;
    readonly password?: string;
}

async function login(container: Docker.Container, { user, database, password }: Login): Promise<Client> {
    const { NetworkSettings } = await container.inspect();
    const port = Number(NetworkSettings.Ports["5432/tcp"]?.[0]?.HostPort);
    const client = new Client({
        host: "127.0.0.1",
        port,
        user: user ?? "postgres",
        database: database ?? user ?? "postgres",
        password: password ?? "",
        connectionTimeoutMillis: 5_000,
    });
    // The server's shutdown ends open connections; that is no failure of a test.
    client.on("error", () => undefined);
    await client.connect();
    return client;
}

/** Connects as soon as the server lets somebody in from outside. */
async function connect(container: Docker.Container, options: Login): Promise<Client> {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
        try {
            return await login(container, options);
        } catch (error) {
            const { State } = await container.inspect();
            if (!State.Running || Date.now() > deadline) {
                throw new Error(`${errorText(error)}; the container wrote:\n${await output(container)}`);
            }
            await sleep(100);
        }
    }
}

async function value(client: Client, query: string): Promise<unknown> {
    const { rows } = await client.query<unknown[]>({ text: query, rowMode: "array" });
    return rows[0]?.[0];
}

// The official image too, where it is on this machine: it is what the stand-ins are measured by. Of the stand-ins the
// newest and the oldest, which keep their data in different places.
describe.each(["postgres:18", ...[18, 15].map(standInName)])("the contract of %s", { timeout: 120_000 }, (image) => {
    let absent: string | undefined;

    beforeAll(async () => {
        if (noDocker !== undefined) {
            return;
        }
        if ((await inspectImage(docker, image)) === undefined) {
            absent = `${image} is not on this machine`;
            if (image === standInName(18)) {
                // The default one is worth a minute where it can be built.
                try {
                    await ensureStandIn(docker, 18, { log: (line) => console.warn(line) });
                    absent = undefined;
                } catch (error) {
                    absent = errorText(error);
                }
            }
        }
        if (absent !== undefined) {
            console.warn(`Tests of ${image} are skipped: ${absent}`);
        }
    }, 600_000);

    beforeEach((context) => {
        const reason = noDocker ?? absent;
        if (reason !== undefined) {
            context.skip(reason);
        }
    });

    test("its configuration is that of the official image", async () => {
        const { Config } = await docker.getImage(image).inspect();
        const env = new Map((Config.Env ?? []).map((entry) => [entry.split("=", 1)[0], entry.replace(/^[^=]*=/, "")]));
        const major = Number(env.get("PG_MAJOR"));
        expect(image.endsWith(`:${major}`)).toBe(true);
        expect(env.get("PG_VERSION")).toMatch(new RegExp(`^${major}\\.`));
        expect(env.get("LANG")).toBe("en_US.utf8");
        expect(env.get("PGDATA")).toBe(
            major >= 18 ? `/var/lib/postgresql/${major}/docker` : "/var/lib/postgresql/data",
        );
        expect(Object.keys(Config.Volumes ?? {})).toEqual([
            major >= 18 ? "/var/lib/postgresql" : "/var/lib/postgresql/data",
        ]);
        expect(Object.keys(Config.ExposedPorts ?? {})).toEqual(["5432/tcp"]);
        expect(Config).toMatchObject({
            StopSignal: "SIGINT",
            Cmd: ["postgres"],
            Entrypoint: ["docker-entrypoint.sh"],
        });
    });

    test("user, database, password, arguments and scripts; a restart keeps the data", async () => {
        const folder = "/docker-entrypoint-initdb.d";
        const container = await start(image, {
            env: [
                "POSTGRES_USER=dev",
                `POSTGRES_PASSWORD=${PASSWORD}`,
                "POSTGRES_DB=My db",
                "POSTGRES_INITDB_ARGS=--no-sync --wal-segsize='2'",
            ],
            args: ["-c", "fsync=off", "-c", 'cluster_name=it\'s a "name"'],
            files: [
                { name: `${folder}/1.sql`, content: "CREATE TABLE done (step text);" },
                {
                    name: `${folder}/2.sql.gz`,
                    content: gzipSync("INSERT INTO done VALUES ('gz: ' || current_database());"),
                },
                {
                    name: `${folder}/3-run.sh`,
                    mode: 0o755,
                    content: `#!/bin/bash
pg_isready -q -h 127.0.0.1 && tcp=open || tcp=closed
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" "$POSTGRES_DB" -c "INSERT INTO done VALUES ('run: $(id -un), $tcp')"
`,
                },
                {
                    name: `${folder}/4-source.sh`,
                    content: `docker_process_sql -c "INSERT INTO done VALUES ('sourced: $(id -u)')"\n`,
                },
                { name: `${folder}/5.txt`, content: "SELECT 1/0;" },
            ],
        });
        const options = { user: "dev", database: "My db", password: PASSWORD };
        const client = await connect(container, options);
        try {
            const { rows } = await client.query<{ step: string }>("TABLE done");
            expect(rows.map((row) => row.step)).toEqual(["gz: My db", "run: postgres, closed", "sourced: 999"]);
            expect(await value(client, "SHOW wal_segment_size")).toBe("2MB");
            expect(await value(client, "SHOW fsync")).toBe("off");
            expect(await value(client, "SHOW cluster_name")).toBe('it\'s a "name"');
            expect(await value(client, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).toBe(true);
            expect(await value(client, "SELECT count(*) FROM pg_roles WHERE rolname = 'postgres'")).toBe("0");
            const { rows: databases } = await client.query(
                "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate, datctype FROM pg_database WHERE datname = 'My db'",
            );
            expect(databases).toEqual([{ encoding: "UTF8", datcollate: "en_US.utf8", datctype: "en_US.utf8" }]);
        } finally {
            await client.end();
        }
        for (const wrong of [
            { ...options, password: "wrong" },
            { user: "dev", database: "My db" },
        ]) {
            await expect(login(container, wrong)).rejects.toThrow(/password/);
        }

        await container.restart();
        const again = await connect(container, options);
        try {
            expect(await value(again, "SELECT count(*) FROM done")).toBe("3");
        } finally {
            await again.end();
        }
    });

    test("stops at once, cleanly, with somebody connected", async () => {
        const container = await start(image, { env: ["POSTGRES_PASSWORD=x", "POSTGRES_INITDB_ARGS=--no-sync"] });
        const client = await connect(container, { password: "x" });
        await client.query("BEGIN");
        const started = Date.now();
        // Docker would kill it after 20 seconds.
        await container.stop({ t: 20 });
        expect(Date.now() - started).toBeLessThan(10_000);
        const { State } = await container.inspect();
        expect(State.ExitCode).toBe(0);
        const text = await output(container);
        expect(text).toContain("received fast shutdown request");
        expect(text.match(/database system is shut down/g)).toHaveLength(2);
    });

    test("defaults, a password from a file, and whom the server trusts", async () => {
        const container = await start(image, {
            env: ["POSTGRES_PASSWORD_FILE=/run/secret", "POSTGRES_INITDB_ARGS=--no-sync"],
            files: [{ name: "/run/secret", content: `${PASSWORD}\n` }],
        });
        const client = await connect(container, { password: PASSWORD });
        try {
            expect(await value(client, "SELECT current_database()")).toBe("postgres");
            const { rows } = await client.query<{ line: string }>(
                "SELECT type || ' ' || address || ' ' || auth_method AS line FROM pg_hba_file_rules WHERE address IS NOT NULL AND database = '{all}' ORDER BY line_number",
            );
            expect(rows.map((row) => row.line)).toEqual([
                "host 127.0.0.1 trust",
                "host ::1 trust",
                "host all scram-sha-256",
            ]);
        } finally {
            await client.end();
        }
    });

    test("lets everybody in with POSTGRES_HOST_AUTH_METHOD=trust", async () => {
        const container = await start(image, {
            env: ["POSTGRES_HOST_AUTH_METHOD=trust", "POSTGRES_INITDB_ARGS=--no-sync"],
        });
        const client = await connect(container, {});
        try {
            expect(await value(client, "SELECT 1")).toBe(1);
        } finally {
            await client.end();
        }
    });

    test.each<[string, Settings, RegExp]>([
        ["no password", {}, /superuser password/],
        ["an empty password", { env: ["POSTGRES_PASSWORD="] }, /superuser password/],
        [
            "a password and a file",
            { env: ["POSTGRES_PASSWORD=x", "POSTGRES_PASSWORD_FILE=/etc/hostname"] },
            /both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are set/,
        ],
        ["a wrong argument", { env: ["POSTGRES_PASSWORD=x"], args: ["-c", "no_such_setting=1"] }, /no_such_setting/],
        [
            "a script that fails",
            {
                env: ["POSTGRES_PASSWORD=x", "POSTGRES_INITDB_ARGS=--no-sync"],
                files: [{ name: "/docker-entrypoint-initdb.d/1.sql", content: "SELECT 1/0;" }],
            },
            /division by zero/,
        ],
    ])("refuses to start with %s", async (_, settings, message) => {
        const { status, output: text } = await outcome(await start(image, settings));
        expect(text).toMatch(message);
        expect(status).not.toBe(0);
    });

    test.each<[string, readonly string[], RegExp]>([
        ["information needs no password", ["--version"], /postgres \(PostgreSQL\)/],
        ["another command runs as it is", ["id", "-u"], /(?:^|[^0-9])0\n/],
        ["PostgreSQL's programs are on the PATH", ["pg_dump", "--version"], /pg_dump \(PostgreSQL\)/],
        ["perl is there", ["perl", "-e", "print 6 * 7"], /42/],
    ])("%s", async (_, args, text) => {
        const { status, output: written } = await outcome(await start(image, { args }));
        expect(written).toMatch(text);
        expect(status).toBe(0);
    });
});
