/** A server with our extension, without Pulumi: what the tests of sql/ and the bench run against. */
import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { Client } from "pg";
import { connectDocker } from "../../../docker/client";
import { tarOf } from "../../../docker/tar";
import { EXTENSION_NAME, extensionFiles, type FreshSettings, HBA_LINE, SERVER_SETTINGS } from "../../../sql/extension";
import { quoteIdent } from "../../../upstreams/quote";

export const DEV_USER = "dev user";
export const DEV_DATABASE = "dev";
/** A login that is asked for its password everywhere, as a declared user of an upstream is. */
export const STUB_USER = { name: "reader", password: "secret" };

const READY_TIMEOUT_MS = 60_000;

/** The official image of a major version if it is here, else our stand-in, else nothing. */
export async function imageOf(docker: Docker, major: number): Promise<string | undefined> {
    for (const reference of [`postgres:${major}`, `fdw-stub/postgres-stand-in:${major}`]) {
        try {
            await docker.getImage(reference).inspect();
            return reference;
        } catch {
            // Not on this machine.
        }
    }
    return undefined;
}

/** Where the image has its volume: what is mounted above that would stay empty. */
function volumeOf(major: number): string {
    return major >= 18 ? "/var/lib/postgresql" : "/var/lib/postgresql/data";
}

export class TestServer {
    private constructor(
        private readonly container: Docker.Container,
        readonly port: number,
        private readonly password: string,
    ) {}

    /** Starts a server, or returns undefined where no image of that version is. */
    static async start(
        major: number,
        options: {
            readonly settings?: FreshSettings;
            readonly server?: Readonly<Record<string, string>>;
            /** Keeps the data in memory: nothing survives a restart, and the file system takes no part in a figure. */
            readonly inMemory?: boolean;
        } = {},
    ): Promise<TestServer | undefined> {
        const docker = await connectDocker();
        const image = await imageOf(docker, major);
        if (image === undefined) {
            return undefined;
        }
        const password = randomBytes(12).toString("hex");
        const hba = [
            HBA_LINE,
            `host all ${quoteIdent(STUB_USER.name)} all scram-sha-256`,
            "host all all 127.0.0.1/32 trust",
            "host all all all scram-sha-256",
            "",
        ].join("\n");
        const settings = { ...SERVER_SETTINGS, hba_file: "/etc/fdw_stub_hba.conf", ...options.server };
        // A port of Docker's choice would change at the restart that is tested.
        const port = 20_000 + (randomBytes(2).readUInt16BE() % 10_000);
        const container = await docker.createContainer({
            Image: image,
            Labels: { "fdw-stub.test": "1" },
            Env: [
                `POSTGRES_USER=${DEV_USER}`,
                `POSTGRES_PASSWORD=${password}`,
                `POSTGRES_DB=${DEV_DATABASE}`,
                "POSTGRES_INITDB_ARGS=--no-sync",
            ],
            Cmd: Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
            ExposedPorts: { "5432/tcp": {} },
            HostConfig: {
                PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] },
                ExtraHosts: ["upstream_db:127.0.0.1"],
                ...(options.inMemory === true ? { Tmpfs: { [volumeOf(major)]: "" } } : {}),
            },
        });
        const server = new TestServer(container, port, password);
        try {
            const folder = `/usr/share/postgresql/${major}/extension`;
            const files = extensionFiles(options.settings).map(({ name, content }) => ({
                file: `${folder}/${name}`,
                content,
                executable: false,
            }));
            await container.putArchive(
                await tarOf([...files, { file: settings.hba_file, content: hba, executable: false }]),
                { path: "/" },
            );
            await container.start();
            await server.answers();
            await server.query("postgres", `CREATE DATABASE ${quoteIdent(EXTENSION_NAME)}`);
            await server.query(
                "postgres",
                `CREATE ROLE ${quoteIdent(STUB_USER.name)} LOGIN PASSWORD '${STUB_USER.password}'`,
            );
            await server.query(EXTENSION_NAME, `CREATE EXTENSION ${quoteIdent(EXTENSION_NAME)} CASCADE`);
        } catch (error) {
            await server.remove();
            throw error;
        }
        return server;
    }

    url(database: string, parameters = ""): string {
        const user = encodeURIComponent(DEV_USER);
        return `postgres://${user}:${this.password}@127.0.0.1:${this.port}/${encodeURIComponent(database)}?sslmode=disable${parameters}`;
    }

    async connect(database: string = EXTENSION_NAME, as?: { name: string; password: string }): Promise<Client> {
        const client = new Client({
            host: "127.0.0.1",
            port: this.port,
            database,
            user: as?.name ?? DEV_USER,
            password: as?.password ?? this.password,
        });
        // A server that ends a session is part of these tests.
        client.on("error", () => undefined);
        await client.connect();
        return client;
    }

    /** Runs one statement in a session of its own and returns its rows. */
    async query(
        database: string,
        sql: string,
        values: readonly unknown[] = [],
    ): Promise<Array<Record<string, unknown>>> {
        const client = await this.connect(database);
        try {
            const { rows } = await client.query<Record<string, unknown>>(sql, [...values]);
            return rows;
        } finally {
            await client.end();
        }
    }

    /** Stops the server, orderly or like a crash, and starts it again. */
    async restart(how: "orderly" | "crash"): Promise<void> {
        if (how === "crash") {
            await this.container.kill();
        } else {
            await this.container.stop({ t: 30 });
        }
        await this.container.start();
        await this.answers();
    }

    async log(): Promise<string> {
        return (await this.container.logs({ stdout: true, stderr: true })).toString();
    }

    async remove(): Promise<void> {
        await this.container.remove({ force: true, v: true });
    }

    private async answers(): Promise<void> {
        const giveUp = Date.now() + READY_TIMEOUT_MS;
        for (;;) {
            try {
                await this.query("postgres", "SELECT 1");
                return;
            } catch (error) {
                if (Date.now() > giveUp) {
                    throw error;
                }
            }
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }
}
