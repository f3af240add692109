import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { chooseImage } from "../docker/image";
import { Checkout } from "../test/integration/support/checkout";
import type { Table } from "../upstreams/model";
import type { ConfigurationInput } from "../upstreams/parse";
import { tableStatement } from "../upstreams/table";
import { downByHand, upByHand } from "./by-hand";
import { median, type Row, seconds, table } from "./measure";

/** How often everything is done; the median counts. */
const RUNS = Number(process.env.BENCH_RUNS ?? 3);
const SIZES = [1, 100, 1_000, 5_000];

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
    return { upstreams: [{ host: "upstream_db", database: "upstream_db", tables }] };
}

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
    const took = await seconds(work);
    figures.set(what, [...(figures.get(what) ?? []), took]);
    process.stderr.write(`${what}: ${took.toFixed(2)} s\n`);
}

async function byHand(figures: Figures, what: string, image: string, tables: number): Promise<void> {
    const sql = await statements(tables);
    downByHand();
    await note(figures, what, () => upByHand(image, sql));
    downByHand();
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
    try {
        pulumi(checkout, "stack", "init", "dev");
        const up = ["up", "--yes", "--skip-preview", "--stack", "dev"];
        await note(figures, "pulumi up", () => pulumi(checkout, ...up));
        await note(figures, "pulumi up, no change", () => pulumi(checkout, ...up));
        checkout.configure(configuration(2));
        await note(figures, "pulumi up, changed stub", () => pulumi(checkout, ...up));
        await note(figures, "pulumi destroy", () =>
            pulumi(checkout, "destroy", "--yes", "--skip-preview", "--stack", "dev"),
        );
    } finally {
        await checkout.remove();
    }
}

const AIMS: Readonly<Record<string, string>> = {
    "fdw-stub up, 1 tables": "at most 1.2 times by hand",
    "fdw-stub up, no change": "at most 0.4 s",
    "pulumi up": "at most 2.5 times by hand",
    "fdw-stub up, 5000 tables": "at most twice 1 table",
};

async function main(): Promise<void> {
    const probe = await Checkout.create(configuration(1));
    const { reference: image } = await chooseImage(probe.docker, "postgres:18");
    await probe.remove();
    const hasPulumi = spawnSync("pulumi", ["version"]).status === 0;
    if (!hasPulumi) {
        process.stderr.write("No pulumi on the PATH: its figures are left out.\n");
    }
    const figures: Figures = new Map();
    // In turn, so that a machine that grows slower or faster does so for all of them.
    for (let run = 0; run < RUNS; run++) {
        for (const tables of SIZES) {
            await byHand(figures, `by hand, ${tables} tables`, image, tables);
            await standalone(figures, tables);
        }
        await tls(figures);
        if (hasPulumi) {
            await withPulumi(figures);
        }
    }
    const medians = new Map([...figures].map(([what, values]) => [what, median(values)]));
    const rows = [...medians].map(([what, took]): Row => {
        const size = /(\d+) tables/.exec(what)?.[1] ?? "1";
        const floor = medians.get(`by hand, ${size} tables`) ?? Number.NaN;
        return { what, seconds: took, ratio: took / floor, aim: AIMS[what] };
    });
    const growth = (medians.get("fdw-stub up, 5000 tables") ?? 0) / (medians.get("fdw-stub up, 1 tables") ?? 1);
    const added = (medians.get("fdw-stub up with TLS") ?? 0) - (medians.get("fdw-stub up without TLS") ?? 0);
    const text = `${table(rows)}\n\nRatios are to the same work by hand in this run (${RUNS} runs, ${image}, ${cpus().length} processors).\n5,000 tables take ${growth.toFixed(2)} times as long as one.\nTLS adds ${(added * 1000).toFixed(0)} ms to a start (aim: under 150 ms).\n`;
    process.stdout.write(text);
    const results = join(__dirname, "results");
    rmSync(results, { recursive: true, force: true });
    mkdirSync(results);
    writeFileSync(join(results, "latest.md"), text);
    writeFileSync(join(results, "latest.json"), JSON.stringify({ image, runs: RUNS, rows, growth }, undefined, 2));
}

main().catch((error: unknown) => {
    downByHand();
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
});
