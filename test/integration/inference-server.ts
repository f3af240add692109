/** A server made for an inference by plain means: what the end-to-end tests of schema/ run against. */

import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { Client } from "pg";
import { serverSources } from "../../components/prepare";
import { connectDocker } from "../../docker/client";
import { tarOf } from "../../docker/tar";
import type { Inference } from "../../schema";
import { quoteIdent, quoteLiteral } from "../../upstreams/quote";
import { stubExtension } from "../../upstreams/script";
import { separateStubs } from "../../upstreams/separate";
import { planServer } from "../../upstreams/server";
import { planStubs } from "../../upstreams/stubs";

export const DEV_DATABASE = "fdw_dev";
const DEV_USER = "postgres";
const READY_TIMEOUT_MS = 60_000;
/** The image of PostgreSQL 18 that is here, the official one first. */
export async function imageHere(): Promise<string | undefined> {
    const docker = await connectDocker();
    for (const reference of ["postgres:18", "fdw-stub/postgres-stand-in:18"]) {
        try {
            await docker.getImage(reference).inspect();
            return reference;
        } catch {
            // Not on this machine.
        }
    }
    return undefined;
}

const containers: Docker.Container[] = [];

/** Removes every server of this process, with its volume. */
export async function removeServers(): Promise<void> {
    await Promise.all(containers.splice(0).map((container) => container.remove({ force: true, v: true })));
}

export class DevServer {
    private constructor(
        private readonly port: number,
        private readonly password: string,
    ) {}

    /** A server that answers for the upstreams, with their databases, roles and tables, and an empty dev database. */
    static async start(reference: string, inference: Inference): Promise<DevServer> {
        const docker = await connectDocker();
        const stubs = planStubs(separateStubs(inference.upstreams));
        const extensions = await Promise.all(stubs.databases.map((database) => stubExtension(database)));
        const plan = planServer(stubs, extensions, {}, DEV_USER, serverSources());
        const password = randomBytes(12).toString("hex");
        const container = await docker.createContainer({
            Image: reference,
            Labels: { "fdw-stub.test": "1" },
            Env: [
                `POSTGRES_PASSWORD=${password}`,
                `POSTGRES_USER=${DEV_USER}`,
                ...Object.entries(plan.environment).map(([name, value]) => `${name}=${value}`),
            ],
            Entrypoint: [...plan.entrypoints],
            Cmd: [...plan.command],
            ExposedPorts: { "5432/tcp": {} },
            HostConfig: {
                PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
                CapAdd: [...plan.capabilities],
                Sysctls: { ...plan.sysctls },
                ExtraHosts: plan.hostAliases.map(({ host, ip }) => `${host}:${ip}`),
            },
        });
        containers.push(container);
        await container.putArchive(await tarOf([...plan.files]), { path: "/" });
        await container.start();
        const { NetworkSettings } = await container.inspect();
        const port = Number(NetworkSettings.Ports["5432/tcp"]?.[0]?.HostPort);
        const server = new DevServer(port, password);
        await server.ready(container);
        await server.fill(stubs, extensions, inference);
        return server;
    }

    async connect(database: string): Promise<Client> {
        const client = new Client({
            host: "127.0.0.1",
            port: this.port,
            database,
            user: DEV_USER,
            password: this.password,
        });
        client.on("error", () => undefined);
        await client.connect();
        return client;
    }

    private async ready(container: Docker.Container): Promise<void> {
        for (const end = Date.now() + READY_TIMEOUT_MS; ; ) {
            try {
                const client = await this.connect("postgres");
                await client.end();
                return;
            } catch (error) {
                const { State } = await container.inspect();
                if (!State.Running || Date.now() > end) {
                    throw error;
                }
                await new Promise((resolve) => setTimeout(resolve, 100));
            }
        }
    }

    private async fill(
        stubs: ReturnType<typeof planStubs>,
        extensions: ReadonlyArray<{ database: string; name: string }>,
        inference: Inference,
    ): Promise<void> {
        const admin = await this.connect("postgres");
        for (const { name, password } of stubs.users.filter((user) => user.name !== DEV_USER)) {
            const secret = password === undefined ? "" : ` PASSWORD ${quoteLiteral(password)}`;
            await admin.query(`CREATE ROLE ${quoteIdent(name)} LOGIN${secret}`);
        }
        for (const { name } of inference.roles.filter((role) => role.name !== DEV_USER)) {
            await admin.query(`CREATE ROLE ${quoteIdent(name)} LOGIN`);
        }
        for (const database of [DEV_DATABASE, ...stubs.databases.map((stub) => stub.database)]) {
            await admin.query(`CREATE DATABASE ${quoteIdent(database)}`);
        }
        await admin.end();
        for (const { database, name } of extensions) {
            const client = await this.connect(database);
            await client.query(`CREATE EXTENSION ${quoteIdent(name)} CASCADE`);
            await client.end();
        }
    }

    /** Runs the schema file by file, each in a session of its own. */
    async run(inference: Inference, database = DEV_DATABASE): Promise<void> {
        let file: string | undefined;
        let client: Client | undefined;
        for (const source of inference.sources.filter((each) => each.database === undefined)) {
            if (client === undefined || source.file !== file) {
                await client?.end();
                client = await this.connect(database);
                file = source.file;
            }
            try {
                await client.query(source.sql);
            } catch (error) {
                const reason = error instanceof Error ? error.message : String(error);
                await client.end();
                throw new Error(`${source.file}:${source.line}: ${reason}\n${source.sql}`);
            }
        }
        await client?.end();
    }
}
