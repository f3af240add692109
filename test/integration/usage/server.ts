/** A plain server of the image that is here. */

import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { Client } from "pg";
import { connectDocker } from "../../../docker/client";

export interface PlainServer {
    readonly client: Client;
    stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;

export async function startPlainServer(image: string): Promise<PlainServer> {
    const docker = await connectDocker();
    const password = randomBytes(12).toString("hex");
    const container = await docker.createContainer({
        Image: image,
        Labels: { "fdw-stub.test": "1" },
        Env: [`POSTGRES_PASSWORD=${password}`],
        ExposedPorts: { "5432/tcp": {} },
        HostConfig: { PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
    });
    const remove = async () => {
        await container.remove({ force: true, v: true });
    };
    try {
        await container.start();
        const client = await connected(container, password);
        return {
            client,
            stop: async () => {
                await client.end();
                await remove();
            },
        };
    } catch (error) {
        await remove();
        throw error;
    }
}

async function connected(container: Docker.Container, password: string): Promise<Client> {
    const { NetworkSettings } = await container.inspect();
    const port = Number(NetworkSettings.Ports["5432/tcp"]?.[0]?.HostPort);
    for (const end = Date.now() + READY_TIMEOUT_MS; ; ) {
        const client = new Client({ host: "127.0.0.1", port, user: "postgres", password, database: "postgres" });
        client.on("error", () => undefined);
        try {
            await client.connect();
            return client;
        } catch (error) {
            if (Date.now() > end) {
                throw error;
            }
            await new Promise((resolve) => setTimeout(resolve, 200));
        }
    }
}
