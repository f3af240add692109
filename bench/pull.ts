/**
 * How long the recording of an upstream of 2,000 tables takes, whole and in part, beside plain `pg_dump` of the same
 * server in the same run.
 *
 * Run with: npx tsx bench/pull.ts
 */

import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type Docker from "dockerode";
import { Client } from "pg";
import { connectDocker } from "../docker/client";
import { pull } from "../pull";
import { execOutput } from "../rehearsal/exec";
import { ensureImage } from "../setup/image";
import { median, type Row, seconds, table } from "./measure";

const RUNS = Number(process.env.BENCH_RUNS ?? 3);
const TABLES = 2_000;
const USED = 20;
const READY_MS = 60_000;

function ddl(n: number): string {
    return `CREATE TYPE app.kind_${n} AS ENUM ('a', 'b');
CREATE TABLE app.table_${n} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id bigint${n === 0 ? "" : ` REFERENCES app.table_${n - 1}`},
    kind app.kind_${n} DEFAULT 'a' NOT NULL,
    amount numeric(12,2) CHECK (amount >= 0),
    payload jsonb DEFAULT '{}' NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX ON app.table_${n} (created_at DESC);
${n % 10 === 0 ? `CREATE VIEW app.view_${n} AS SELECT id, kind, amount FROM app.table_${n};` : ""}`;
}

async function fill(port: number, password: string): Promise<void> {
    for (const end = Date.now() + READY_MS; ; await setTimeout(300)) {
        const client = new Client({ host: "127.0.0.1", port, user: "postgres", password, database: "postgres" });
        client.on("error", () => undefined);
        try {
            await client.connect();
            await client.query("CREATE SCHEMA app");
            for (let n = 0; n < TABLES; n += 1) {
                await client.query(ddl(n));
            }
            await client.end();
            return;
        } catch (error) {
            await client.end().catch(() => undefined);
            if (Date.now() > end) {
                throw error;
            }
        }
    }
}

async function measure(docker: Docker, image: string, container: Docker.Container, from: string): Promise<void> {
    const record = (tables: readonly string[] | undefined) => () =>
        pull({
            docker,
            image,
            imageName: image,
            name: "bench",
            from,
            source: "--from",
            tables: tables?.map((name) => ({ schema: "app", name })),
            schemas: [],
            roles: [],
            around: { env: {}, user: "postgres", readServices: () => undefined },
        });
    const used = Array.from({ length: USED }, (_, n) => `view_${n * 10}`);
    const work: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
        ["pg_dump", () => execOutput(container, ["pg_dump", "-U", "postgres", "--schema-only", "postgres"])],
        [`pull --all, ${TABLES} tables`, record(undefined)],
        [`pull, ${USED} of ${TABLES} tables`, record(used)],
    ];
    const figures = new Map<string, number[]>();
    // In turn, so that a machine that grows slower or faster does so for all of them.
    for (let run = 0; run < RUNS; run += 1) {
        for (const [what, once] of work) {
            const took = await seconds(once);
            figures.set(what, [...(figures.get(what) ?? []), took]);
            process.stderr.write(`${what}: ${took.toFixed(2)} s\n`);
        }
    }
    const floor = median(figures.get("pg_dump") ?? []);
    const rows = [...figures].map(
        ([what, values]): Row => ({ what, seconds: median(values), ratio: median(values) / floor }),
    );
    process.stdout.write(`${table(rows)}\n`);
}

async function main(): Promise<void> {
    const docker = await connectDocker();
    const { id } = await ensureImage(docker, "postgres:18", { log: console.log });
    const password = randomBytes(12).toString("hex");
    const container = await docker.createContainer({
        Image: id,
        Env: [`POSTGRES_PASSWORD=${password}`],
        Cmd: ["-c", "fsync=off"],
        ExposedPorts: { "5432/tcp": {} },
        HostConfig: { AutoRemove: true, PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
    });
    try {
        await container.start();
        const { NetworkSettings } = await container.inspect();
        const port = Number(NetworkSettings.Ports["5432/tcp"]?.[0]?.HostPort);
        await fill(port, password);
        await measure(docker, id, container, `postgres://postgres:${password}@127.0.0.1:${port}/postgres`);
    } finally {
        await container.remove({ force: true, v: true });
    }
}

void main();
