/**
 * How long a rehearsal takes, beside the same files run once by plain psql on a server that has the stubs and whose
 * files are where a stack's are, in a volume: small schemas, 1,000 migration files, 1,000 foreign tables, a dump of
 * 10 MB, and a contract of 2,000 tables. The inputs are made here, after the habits of real ones. Arguments name the ones to run.
 *
 * Run with: npx tsx bench/rehearsal.ts [part of a name…]
 */

import { finalServer } from "../components/derive";
import { connectDocker } from "../docker/client";
import { tarOf } from "../docker/tar";
import { RehearsalServer } from "../rehearsal/container";
import { execOutput } from "../rehearsal/exec";
import { rehearseOn } from "../rehearsal/rehearse";
import { ensureImage } from "../setup/image";
import { memoryFileSystem } from "../test/memory-files";
import { parseConfiguration, resolveUpstreams } from "../upstreams/parse";

const SERVER = `CREATE EXTENSION IF NOT EXISTS postgres_fdw WITH SCHEMA public;
CREATE SERVER up FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'up', dbname 'up');
CREATE USER MAPPING FOR CURRENT_USER SERVER up OPTIONS (user 'u', password 'p');
CREATE SCHEMA IF NOT EXISTS imported;
IMPORT FOREIGN SCHEMA public FROM SERVER up INTO imported;
`;

function table(n: number): string {
    return `CREATE TABLE public.table_${n} (
    id bigint NOT NULL,
    parent_id bigint,
    name character varying(255) DEFAULT 'x'::character varying NOT NULL,
    amount numeric(12,2) DEFAULT 0.00,
    payload jsonb DEFAULT '{}'::jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.table_${n} OWNER TO app;
ALTER TABLE ONLY public.table_${n} ADD CONSTRAINT table_${n}_pkey PRIMARY KEY (id);
CREATE INDEX table_${n}_created ON public.table_${n} USING btree (created_at DESC) WHERE (amount > 0);
COMMENT ON COLUMN public.table_${n}.name IS 'what it''s called';
`;
}

function foreign(n: number): string {
    return `CREATE FOREIGN TABLE public.remote_${n} (id bigint NOT NULL, label text, at timestamptz) SERVER up OPTIONS (schema_name 'app', table_name 'remote_${n}');
CREATE VIEW public.view_${n} AS SELECT t.id, t.name, r.label, i.total FROM public.table_${n} t JOIN public.remote_${n} r ON r.id = t.id LEFT JOIN imported.source_${n % 50} i ON i.ref_${n} = t.id WHERE i.at > now() - interval '1 day';
`;
}

function routine(n: number): string {
    const steps = Array.from(
        { length: 20 },
        (_, i) => `    UPDATE public.table_${n} SET amount = amount + ${i} WHERE id = p_id;`,
    );
    return `CREATE FUNCTION public.routine_${n}(p_id bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
${steps.join("\n")}
END
$$;
`;
}

/** A thousand golang-migrate pairs: tables, foreign tables, views, functions, changes. */
function migrations(count: number): Record<string, string> {
    const files: Record<string, string> = { "m/000000_fdw.up.sql": SERVER };
    for (let n = 1; n <= count; n += 1) {
        const name = `m/${String(n).padStart(6, "0")}_change`;
        const parts = [table(n), n % 5 === 0 ? foreign(n) : "", n % 10 === 0 ? routine(n) : ""];
        files[`${name}.up.sql`] =
            `BEGIN;\n${parts.join("")}ALTER TABLE public.table_${n} ADD COLUMN extra text;\nCOMMIT;\n`;
        files[`${name}.down.sql`] = `DROP TABLE public.table_${n};\n`;
    }
    return files;
}

/** A dump of that many bytes: two thirds DDL, the rest COPY data and INSERTs. */
function dump(bytes: number): string {
    const parts = [
        "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n",
        "SELECT pg_catalog.set_config('search_path', '', false);\n",
        SERVER,
    ];
    let size = 0;
    for (let n = 1; size < bytes; n += 1) {
        const rows = Array.from(
            { length: 15 },
            (_, i) => `${n * 100 + i}\t${i}\tsome 'text;\t12.50\t{}\t2024-01-01 00:00:00+00`,
        );
        const part = `${table(n)}${n % 5 === 0 ? foreign(n) : ""}${n % 10 === 0 ? routine(n) : ""}COPY public.table_${n} FROM stdin;\n${rows.join("\n")}\n\\.\n\nINSERT INTO public.table_${n} (id, name) VALUES (${n}, 'x'), (${n + 1}, 'y');\n`;
        parts.push(part);
        size += part.length;
    }
    return parts.join("");
}

/** Foreign tables only, as an import by hand would be. */
function foreignTables(count: number): string {
    const tables = Array.from(
        { length: count },
        (_, n) =>
            `CREATE FOREIGN TABLE public.remote_${n} (id bigint NOT NULL, label text, at timestamptz, amount numeric(12,2), payload jsonb) SERVER up OPTIONS (schema_name 'app');\n`,
    );
    return `${SERVER}${tables.join("")}`;
}

const SMALL = `${SERVER}CREATE FOREIGN TABLE public.events (id bigint, at timestamptz) SERVER up;
CREATE MATERIALIZED VIEW public.latest AS SELECT max(at) AS at FROM public.events;
`;

async function seconds(work: () => Promise<unknown>): Promise<number> {
    const started = performance.now();
    await work();
    return (performance.now() - started) / 1000;
}

/** Moves the proof's server, with its stubs, from memory to the volume. */
const TO_VOLUME = `set -e
pid=$(head -n 1 /rehearsal/data/postmaster.pid)
tr '\\0' '\\n' </proc/$pid/cmdline >/bench/command
kill -INT $pid
while kill -0 $pid 2>/dev/null; do sleep 0.05; done
cp -aL /rehearsal/data /var/lib/postgresql/floor
PATH=/usr/lib/postgresql/$PG_MAJOR/bin:$PATH
su postgres -s /bin/sh -c "PATH=$PATH PGDATA=/var/lib/postgresql/floor exec xargs -d '\\n' -a /bench/command env" >/bench/log 2>&1 &
until pg_isready -q -h /var/run/postgresql; do sleep 0.05; done
`;

/** @param contract Those of the files that are the contract of the upstream `up`. */
async function measure(
    name: string,
    files: Record<string, string>,
    paths: string[],
    contract: string[] = [],
): Promise<void> {
    const configuration = parseConfiguration({
        schema: paths,
        upstreams: contract.length === 0 ? [] : [{ database: "up", contract }],
    });
    const docker = await connectDocker();
    const image = await ensureImage(docker, configuration.image, { log: console.log });
    const options = { image: image.id, devUser: "postgres", settings: {} };
    const begun = performance.now();
    const server = await RehearsalServer.start(docker, options);
    const start = (performance.now() - begun) / 1000;
    try {
        let summary = "";
        const rehearsal = await seconds(async () => {
            const { ran, upstreams } = await rehearseOn(server, {
                ...options,
                paths,
                variables: {},
                devDatabase: "dev",
                declared: resolveUpstreams(configuration.upstreams, () => ""),
                roles: ["app"],
                baseline: [],
                strict: false,
                final: (found, roles) => finalServer(configuration, found, roles, process.cwd()),
                fileSystem: memoryFileSystem(files),
            });
            const tables = upstreams.reduce((sum, upstream) => sum + upstream.tables.length, 0);
            summary = `${ran.statements} statements, ${ran.failed} failed, ${tables} stub tables`;
        });
        // The proof's server is still there, with the stubs.
        const run = Object.entries(files).filter(([path]) => !path.endsWith(".down.sql"));
        await server.container.putArchive(
            await tarOf(run.map(([path, content]) => ({ file: `/bench/${path}`, content, executable: false }))),
            { path: "/" },
        );
        const psql = (database: string, ...args: string[]) =>
            execOutput(server.container, ["psql", "-q", "-X", "-U", "postgres", "-d", database, ...args]);
        const floorOf = async (database: string) => {
            await psql("postgres", "-c", `CREATE DATABASE ${database}`);
            return seconds(() => psql(database, ...run.flatMap(([path]) => ["-f", `/bench/${path}`])));
        };
        await execOutput(server.container, ["sh", "-c", TO_VOLUME], "root");
        const floor = await floorOf("floor");
        const peak = process.resourceUsage().maxRSS / 1024;
        console.log(
            `${name}: rehearsal ${rehearsal.toFixed(2)} s and the container's start ${start.toFixed(2)} s; psql ${floor.toFixed(2)} s; ratio ${(rehearsal / floor).toFixed(2)} (${summary}; peak memory ${peak.toFixed(0)} MB)`,
        );
    } finally {
        await server.end();
    }
}

const INPUTS: ReadonlyArray<
    readonly [name: string, files: () => Record<string, string>, paths: string[], contract?: string[]]
> = [
    ["small schema", () => ({ "a.sql": SMALL }), ["a.sql"]],
    ["1,000 migrations", () => migrations(1000), ["m"]],
    ["1,000 foreign tables", () => ({ "f.sql": foreignTables(1000) }), ["f.sql"]],
    ["dump of 10 MB", () => ({ "dump.sql": dump(10_000_000) }), ["dump.sql"]],
    [
        "contract of 2,000 tables",
        () => ({ "c.sql": Array.from({ length: 2000 }, (_, n) => table(n)).join(""), "s.sql": SERVER }),
        ["s.sql"],
        ["c.sql"],
    ],
];

async function main(): Promise<void> {
    const wanted = process.argv.slice(2);
    for (const [name, files, paths, contract] of INPUTS) {
        if (wanted.length === 0 || wanted.some((word) => name.includes(word))) {
            await measure(name, files(), paths, contract);
        }
    }
}

void main();
