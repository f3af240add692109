import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Checkout } from "../test/integration/support/checkout";
import type { Table } from "../upstreams/model";
import type { ConfigurationInput } from "../upstreams/parse";
import { tableStatement } from "../upstreams/table";
import { downByHand, upByHand } from "./by-hand";
import { BENCH_IMAGE, makeImage, removeImage } from "./image";
import { median, type Row, seconds, table } from "./measure";
import { upWithTestcontainers } from "./testcontainers";

/** How often everything is done; the median counts. */
const RUNS = Number(process.env.BENCH_RUNS ?? 3);
/**
 * Seconds of rest before each measured run, in which what the run before has removed is written to the disk. ext4 without a
 * journal also takes no inode that was freed within the last minute, and looks at each of them whenever it makes a file.
 */
const PAUSE = Number(process.env.BENCH_PAUSE ?? 0);
const SIZES = (process.env.BENCH_SIZES ?? "1,100,1000,5000").split(",").map(Number);

function tablesOf(count: number): Table[] {
    const columns = [
        { name: "id", type: "bigint" },
        { name: "body", type: "text" },
        { name: "created_at", type: "timestamptz" },
    ];
    return Array.from({ length: count }, (_, n) => ({ schema: "public", name: `events_${n}`, columns, rows: [] }));
}

function configuration(count: number): ConfigurationInput {
    const tables = tablesOf(count).map(({ schema, name, columns }) => ({ schema, name, columns: [...columns] }));
    return { image: BENCH_IMAGE, upstreams: [{ host: "upstream_db", database: "upstream_db", tables }] };
}

/** A small schema, from which the upstream is derived; another number is another column. */
function smallSchema(version: number): string {
    return `CREATE EXTENSION postgres_fdw;
CREATE SERVER up FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'upstream_db', dbname 'upstream_db');
CREATE USER MAPPING FOR CURRENT_USER SERVER up OPTIONS (user 'app', password 'app');
CREATE FOREIGN TABLE public.events (id bigint, body_${version} text, at timestamptz) SERVER up;
CREATE MATERIALIZED VIEW public.latest AS SELECT max(at) AS at FROM public.events;
`;
}

const SCHEMA = { image: BENCH_IMAGE, schema: ["schema.sql"] };

async function statements(tables: number): Promise<string[]> {
    const all = await Promise.all(tablesOf(tables).map((table) => tableStatement(table, table.name)));
    return all.map(({ sql }) => sql);
}

const PULUMI_ENVIRONMENT = {
    ...process.env,
    PULUMI_CONFIG_PASSPHRASE: "bench",
    PULUMI_SKIP_UPDATE_CHECK: "true",
};

function pulumi(checkout: Checkout, ...args: string[]): void {
    const run = spawnSync("pulumi", [...args, "--non-interactive"], {
        cwd: checkout.directory,
        env: PULUMI_ENVIRONMENT,
        encoding: "utf8",
    });
    if (run.status !== 0) {
        throw new Error(`pulumi ${args.join(" ")}: ${run.stdout}${run.stderr}`);
    }
}

type Figures = Map<string, number[]>;

async function note(figures: Figures, what: string, work: () => Promise<unknown> | unknown): Promise<void> {
    await sleep(PAUSE * 1000);
    const took = await seconds(work);
    figures.set(what, [...(figures.get(what) ?? []), took]);
    process.stderr.write(`${what}: ${took.toFixed(2)} s\n`);
}

async function byHand(figures: Figures, what: string, tables: number): Promise<void> {
    const sql = await statements(tables);
    downByHand();
    await note(figures, what, () => upByHand(BENCH_IMAGE, sql));
    downByHand();
}

async function testcontainers(figures: Figures): Promise<void> {
    const sql = await statements(1);
    let stop: (() => Promise<unknown>) | undefined;
    await note(figures, "Testcontainers, 1 tables", async () => {
        stop = await upWithTestcontainers(BENCH_IMAGE, sql);
    });
    await stop?.();
}

/** Waits until the image's initialised cluster has been kept, which happens in the background of the first stack. */
async function clusterIsKept(container: string): Promise<void> {
    for (let n = 0; n < 600; n++) {
        const { stdout } = spawnSync("docker", ["exec", container, "ls", "/fdw-stub/clusters"], { encoding: "utf8" });
        if (/^[0-9a-f]+$/m.test(stdout)) {
            return;
        }
        await sleep(100);
    }
    throw new Error("the initialised cluster was not kept within a minute");
}

/** The first stack of an image that is new on this machine. */
async function firstTime(figures: Figures): Promise<void> {
    const checkout = await Checkout.create(configuration(1));
    try {
        await note(figures, "fdw-stub up, first time with this image", () => checkout.succeed(["up"]));
        await clusterIsKept((await checkout.server()).name);
    } finally {
        await checkout.remove();
    }
}

async function standalone(figures: Figures, tables: number): Promise<void> {
    const checkout = await Checkout.create(configuration(tables));
    try {
        await note(figures, `fdw-stub up, ${tables} tables`, () => checkout.succeed(["up"]));
        if (tables === 1) {
            await note(figures, "fdw-stub up, no change", () => checkout.succeed(["up"]));
            const { name } = await checkout.server();
            const stats = spawnSync("docker", ["stats", "--no-stream", "--format", "{{.MemUsage}}", name], {
                encoding: "utf8",
            });
            process.stderr.write(`memory of the server: ${stats.stdout.trim()}\n`);
            await note(figures, "fdw-stub down", () => checkout.succeed(["down"]));
        }
    } finally {
        await checkout.remove();
    }
}

/** A schema that changes: its rehearsal is part of it. */
async function changedSchema(figures: Figures): Promise<void> {
    const checkout = await Checkout.create(SCHEMA);
    try {
        checkout.write("schema.sql", smallSchema(1));
        await checkout.succeed(["up"]);
        checkout.write("schema.sql", smallSchema(2));
        await note(figures, "fdw-stub up, changed schema", () => checkout.succeed(["up"]));
    } finally {
        await checkout.remove();
    }
}

/** A start with and without TLS, alike in everything else: any setting makes PostgreSQL's own check of them run first. */
async function tls(figures: Figures): Promise<void> {
    for (const [what, settings] of [
        ["fdw-stub up with TLS", { work_mem: "4MB" }],
        ["fdw-stub up without TLS", { ssl: "off" }],
    ] as const) {
        const checkout = await Checkout.create({ ...configuration(1), settings });
        try {
            await note(figures, what, () => checkout.succeed(["up"]));
        } finally {
            await checkout.remove();
        }
    }
}

async function withPulumi(figures: Figures): Promise<void> {
    const checkout = await Checkout.create(configuration(1));
    const up = () => pulumi(checkout, "up", "--yes", "--skip-preview", "--stack", "dev");
    try {
        pulumi(checkout, "stack", "init", "dev");
        await note(figures, "pulumi up", up);
        await note(figures, "pulumi up, no change", up);
        checkout.configure(configuration(2));
        await note(figures, "pulumi up, changed stub", up);
        checkout.configure(SCHEMA);
        checkout.write("schema.sql", smallSchema(1));
        up();
        checkout.write("schema.sql", smallSchema(2));
        await note(figures, "pulumi up, changed schema", up);
        await note(figures, "pulumi destroy", () =>
            pulumi(checkout, "destroy", "--yes", "--skip-preview", "--stack", "dev"),
        );
    } finally {
        await checkout.remove();
    }
}

/** Largest ratios to the floor, where nothing else is said. */
const AIMS: Readonly<Record<string, string>> = {
    "fdw-stub up, first time with this image": "0.9",
    "fdw-stub up, 1 tables": "0.5",
    "fdw-stub up, changed schema": "0.9",
    "fdw-stub up, no change": "0.35 s",
    "pulumi up": "1.9",
    "pulumi up, no change": "0.8",
    "pulumi up, changed schema": "1.8",
};

async function main(): Promise<void> {
    const hasPulumi = spawnSync("pulumi", ["version"]).status === 0;
    if (!hasPulumi) {
        process.stderr.write("No pulumi on the PATH: its figures are left out.\n");
    }
    const figures: Figures = new Map();
    let base = "";
    // In turn, so that a machine that grows slower or faster does so for all of them.
    for (let run = 0; run < RUNS; run++) {
        base = await makeImage();
        await firstTime(figures);
        await testcontainers(figures);
        for (const tables of SIZES) {
            await byHand(figures, `by hand, ${tables} tables`, tables);
            await standalone(figures, tables);
        }
        await changedSchema(figures);
        await tls(figures);
        if (hasPulumi) {
            await withPulumi(figures);
        }
        await removeImage();
    }
    const medians = new Map([...figures].map(([what, values]) => [what, median(values)]));
    const rows = [...medians].map(([what, took]): Row => {
        const size = /(\d+) tables/.exec(what)?.[1] ?? "1";
        const floor = medians.get(`by hand, ${size} tables`) ?? Number.NaN;
        return { what, seconds: took, ratio: took / floor, aim: AIMS[what] };
    });
    const of = (what: string) => medians.get(what) ?? Number.NaN;
    const growth = (tables: number) => of(`fdw-stub up, ${tables} tables`) / of("fdw-stub up, 1 tables");
    const added = of("fdw-stub up with TLS") - of("fdw-stub up without TLS");
    const text = `${table(rows)}

Ratios are to the same work by hand in this run (${RUNS} runs, ${PAUSE} s of rest before each, ${base}, ${cpus().length} processors). Testcontainers runs in a
process that has loaded it, and without its own clean-up container; all others begin with a process.
1,000 tables take ${growth(1_000).toFixed(2)} times as long as one (aim: 1.5), 5,000 take ${growth(5_000).toFixed(2)} times as long (aim: 2.5).
TLS adds ${(added * 1000).toFixed(0)} ms to a start (aim: under 150 ms).
`;
    process.stdout.write(text);
    const results = join(__dirname, "results");
    rmSync(results, { recursive: true, force: true });
    mkdirSync(results);
    writeFileSync(join(results, "latest.md"), text);
    writeFileSync(
        join(results, "latest.json"),
        JSON.stringify({ image: base, runs: RUNS, rows, growth: growth(5_000) }, undefined, 2),
    );
}

main().catch(async (error: unknown) => {
    downByHand();
    await removeImage();
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
});
