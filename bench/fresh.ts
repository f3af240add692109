/**
 * Fresh databases in figures: `npx tsx bench/fresh.ts`. Everything that is compared runs in this one run, in turns.
 *
 * BENCH_IN_MEMORY=1 keeps the servers' data in memory. A database is 300 files, and on ext4 without a journal creating
 * a file takes longer the more files were deleted within the last minutes.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectDocker } from "../docker/client";
import { ATLAS_QUERIES } from "../sql/extension";
import { freshDatabase, freshStatus } from "../sql/fresh";
import { imageOf, TestServer } from "../test/integration/sql/server";

const MAJOR = 18;
const PARALLEL = 50;
const run = promisify(execFile);

interface Line {
    readonly what: string;
    /** Milliseconds, one for each time it was done. */
    readonly times: readonly number[];
    /** Median of what it is compared with, in milliseconds. */
    readonly floor?: number;
    readonly aim?: string;
}

function sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
    const began = performance.now();
    await work();
    return performance.now() - began;
}

/** The value that the given share of all values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function linesTable(lines: readonly Line[]): string {
    const rows = lines.map(({ what, times, floor, aim = "" }) => {
        const middle = percentile(times, 0.5);
        return [
            what,
            String(times.length),
            middle.toFixed(1),
            percentile(times, 0.95).toFixed(1),
            Math.max(...times).toFixed(1),
            floor === undefined ? "" : (middle / floor).toFixed(2),
            aim,
        ];
    });
    const head = ["what", "n", "p50 ms", "p95 ms", "max ms", "ratio of p50", "aim"];
    return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Seconds-long waits are bounded: a bench that hangs says nothing. */
async function settled(server: TestServer, stock: number): Promise<void> {
    const admin = await server.connect();
    try {
        for (let n = 0; n < 600; n++) {
            const { ready, dropping } = await freshStatus(admin);
            if (ready >= stock && dropping === 0) {
                return;
            }
            await sleep(100);
        }
        throw new Error(`the stock did not reach ${stock} within a minute`);
    } finally {
        await admin.end();
    }
}

/** One caller as Atlas is one: a new session, one statement, the end. */
async function caller(server: TestServer, sql: string): Promise<{ call: number; whole: number }> {
    let call = Number.NaN;
    const whole = await milliseconds(async () => {
        const client = await server.connect();
        call = await milliseconds(() => client.query(sql));
        await client.end();
    });
    return { call, whole };
}

async function handOuts(server: TestServer): Promise<Line[]> {
    const floor: number[] = [];
    const alone: { call: number; whole: number }[] = [];
    for (let n = 0; n < 60; n++) {
        floor.push((await caller(server, "SELECT 1")).whole);
        alone.push(await caller(server, ATLAS_QUERIES.fresh));
        // No command is quicker. Without a pause the figure would be that of CREATE DATABASE, once the stock is used up:
        // 50 at once with 8 in stock shows that.
        await sleep(250);
    }
    const burst = async (sql: string) => Promise.all(Array.from({ length: PARALLEL }, () => caller(server, sql)));
    await settled(server, 8);
    await server.query("fdw_stub", "DELETE FROM fdw_stub.miss");
    const first = await burst(ATLAS_QUERIES.fresh);
    await settled(server, PARALLEL - 8);
    await sleep(500);
    const select = await burst("SELECT 1");
    const second = await burst(ATLAS_QUERIES.fresh);
    const connected = await Promise.all(Array.from({ length: PARALLEL }, () => server.connect()));
    await settled(server, PARALLEL - 8);
    await sleep(500);
    const calls = await Promise.all(connected.map((client) => milliseconds(() => freshDatabase(client))));
    await Promise.all(connected.map((client) => client.end()));
    const middle = percentile(floor, 0.5);
    const middleOfMany = percentile(
        select.map(({ whole }) => whole),
        0.5,
    );
    return [
        { what: "connect, SELECT 1, end", times: floor },
        { what: "connect, fresh_database(), end", times: alone.map(({ whole }) => whole), floor: middle },
        { what: "fresh_database() alone", times: alone.map(({ call }) => call), aim: "p95 10 ms" },
        { what: `${PARALLEL} at once: connect, SELECT 1, end`, times: select.map(({ whole }) => whole) },
        {
            what: `${PARALLEL} at once: connect, fresh_database(), end; stock full`,
            times: second.map(({ whole }) => whole),
            floor: middleOfMany,
        },
        { what: `${PARALLEL} at once, connected before; stock full`, times: calls },
        {
            what: `${PARALLEL} at once: the same; 8 in stock`,
            times: first.map(({ whole }) => whole),
            floor: middleOfMany,
        },
    ];
}

async function strategies(server: TestServer, label: string): Promise<Line[]> {
    const times = { WAL_LOG: [] as number[], FILE_COPY: [] as number[] };
    const first: number[] = [];
    const client = await server.connect("postgres");
    const create = (name: string, strategy: string) =>
        milliseconds(() => client.query(`CREATE DATABASE ${name} TEMPLATE template0 STRATEGY ${strategy}`));
    for (let n = 0; n < 12; n++) {
        times.WAL_LOG.push(await create(`bench_w${n}`, "WAL_LOG"));
    }
    for (let n = 0; n < 12; n++) {
        const took = await create(`bench_f${n}`, "FILE_COPY");
        (n === 0 ? first : times.FILE_COPY).push(took);
    }
    const drops: number[] = [];
    for (let n = 0; n < 12; n++) {
        for (const kind of ["w", "f"]) {
            drops.push(await milliseconds(() => client.query(`DROP DATABASE bench_${kind}${n}`)));
        }
    }
    await client.end();
    const floor = percentile(times.WAL_LOG, 0.5);
    return [
        { what: `CREATE DATABASE, WAL_LOG, ${label}`, times: times.WAL_LOG },
        { what: `first FILE_COPY after them, ${label}`, times: first, floor },
        { what: `CREATE DATABASE, FILE_COPY, ${label}`, times: times.FILE_COPY, floor },
        { what: `DROP DATABASE, ${label}`, times: drops, floor },
    ];
}

const ATLAS_SCHEMA = Array.from(
    { length: 10 },
    (_, n) => `CREATE TABLE t${n} (id bigint PRIMARY KEY, name text NOT NULL, at timestamptz DEFAULT now());`,
).join("\n");

async function atlas(server: TestServer): Promise<Line[]> {
    try {
        await run("atlas", ["version"]);
    } catch {
        console.error("No Atlas CLI on PATH: its lines are left out.");
        return [];
    }
    const folder = await mkdtemp(join(tmpdir(), "fdw-stub-bench-"));
    try {
        await server.query("postgres", "CREATE DATABASE staying");
        const docker = `docker+postgres://_/${await imageOf(await connectDocker(), MAJOR)}/dev`;
        await writeFile(join(folder, "schema.sql"), ATLAS_SCHEMA);
        await writeFile(
            join(folder, "atlas.hcl"),
            `data "sql" "dev" {
  url   = getenv("MAINTENANCE_URL")
  query = "${ATLAS_QUERIES.fresh}"
}
env "fresh" {
  dev = urlsetpath(getenv("MAINTENANCE_URL"), data.sql.dev.value)
}
env "staying" {
  dev = getenv("STAYING_URL")
}
env "docker" {
  dev = "${docker}?search_path=public"
}
`,
        );
        const env = {
            ...process.env,
            MAINTENANCE_URL: server.url("fdw_stub"),
            STAYING_URL: server.url("staying"),
            ATLAS_NO_UPDATE_NOTIFIER: "1",
            ATLAS_NO_ANON_TELEMETRY: "1",
        };
        const inspect = (environment: string) =>
            run("atlas", ["schema", "inspect", "--url", "file://schema.sql", "--env", environment], {
                cwd: folder,
                env,
            });
        const fresh: number[] = [];
        const staying: number[] = [];
        const container: number[] = [];
        for (let n = 0; n < 20; n++) {
            staying.push(await milliseconds(() => inspect("staying")));
            fresh.push(await milliseconds(() => inspect("fresh")));
        }
        for (let n = 0; n < 3; n++) {
            try {
                container.push(await milliseconds(() => inspect("docker")));
            } catch (error) {
                console.error(`atlas with ${docker}: ${error instanceof Error ? error.message : String(error)}`);
                break;
            }
        }
        await settled(server, 8);
        const many: number[] = [];
        const wall = await milliseconds(() =>
            Promise.all(
                Array.from({ length: PARALLEL }, async () => many.push(await milliseconds(() => inspect("fresh")))),
            ),
        );
        const floor = percentile(staying, 0.5);
        return [
            { what: "atlas schema inspect, a database that stays", times: staying },
            { what: "atlas schema inspect, fresh database", times: fresh, floor, aim: "ratio 1.2" },
            ...(container.length > 0
                ? [{ what: "atlas schema inspect, docker+postgres://", times: container, floor }]
                : []),
            { what: `atlas schema inspect, fresh database, ${PARALLEL} at once`, times: many },
            { what: `the same ${PARALLEL}, from the first start to the last end`, times: [wall] },
        ];
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

async function withServer<T>(
    server: Readonly<Record<string, string>>,
    work: (on: TestServer) => Promise<T>,
): Promise<T> {
    const on = await TestServer.start(MAJOR, { server, inMemory: process.env.BENCH_IN_MEMORY === "1" });
    if (on === undefined) {
        throw new Error(`No image of PostgreSQL ${MAJOR} is on this machine; run: docker pull postgres:${MAJOR}`);
    }
    try {
        await settled(on, 8);
        return await work(on);
    } finally {
        await on.remove();
    }
}

export async function benchFresh(): Promise<Line[]> {
    return [
        ...(await withServer({}, async (server) => [...(await handOuts(server)), ...(await atlas(server))])),
        ...(await withServer({}, (server) => strategies(server, "fsync off"))),
        ...(await withServer({ fsync: "on", full_page_writes: "on" }, (server) => strategies(server, "fsync on"))),
    ];
}

if (require.main === module) {
    benchFresh().then(
        (lines) => console.log(linesTable(lines)),
        (error: unknown) => {
            console.error(error);
            process.exitCode = 1;
        },
    );
}
