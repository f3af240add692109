/**
 * How long a check of 500 foreign tables takes, beside the same rehearsal over the same contract without the comparison.
 * Every fifth table differs in a type, ten pairs of types in all.
 *
 * Run with: npx tsx bench/check.ts
 */

import { compare } from "../compare";
import { finalServer } from "../components/derive";
import { connectDocker } from "../docker/client";
import { RehearsalServer } from "../rehearsal/container";
import { rehearseOn } from "../rehearsal/rehearse";
import { ensureImage } from "../setup/image";
import { memoryFileSystem } from "../test/memory-files";
import { parseConfiguration, resolveUpstreams } from "../upstreams/parse";
import { median, seconds, table } from "./measure";

const TABLES = 500;
const RUNS = 3;

/** What stands in one column there, and here. */
const DIFFERENT: ReadonlyArray<readonly [theirs: string, ours: string]> = [
    ["numeric(12,2)", "integer"],
    ["bigint", "integer"],
    ["text", "varchar(20)"],
    ["timestamptz", "timestamp"],
    ["mood", "mood"],
    ["uuid", "text"],
    ["varchar(20)", "text"],
    ["integer", "bigint"],
    ["char(8)", "text"],
    ["jsonb", "json"],
];
const COMMON =
    "id bigint NOT NULL, name varchar(255) NOT NULL, amount numeric(12,2), payload jsonb, at timestamptz NOT NULL";

function each(text: (n: number, column: readonly [string, string]) => string): string {
    return Array.from({ length: TABLES }, (_, n) => {
        const [theirs = "text", ours = "text"] = n % 5 === 0 ? (DIFFERENT[(n / 5) % DIFFERENT.length] ?? []) : [];
        return text(n, [theirs, ours]);
    }).join("\n");
}

const FILES = {
    "contract.sql": `CREATE TYPE mood AS ENUM ('sad', 'happy', 'new');\n${each((n, [theirs]) => `CREATE TABLE t${n} (${COMMON}, c ${theirs});`)}`,
    "schema.sql": `CREATE EXTENSION postgres_fdw; CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE SERVER up FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'up.internal', dbname 'up');
CREATE USER MAPPING FOR CURRENT_USER SERVER up OPTIONS (user 'u', password 'p');
${each((n, [, ours]) => `CREATE FOREIGN TABLE t${n} (${COMMON}, c ${ours}) SERVER up;`)}`,
};

async function main(): Promise<void> {
    const configuration = parseConfiguration({
        schema: ["schema.sql"],
        upstreams: [{ database: "up", contract: ["contract.sql"] }],
    });
    const docker = await connectDocker();
    const image = await ensureImage(docker, configuration.image, { log: console.log });
    const options = { image: image.id, devUser: "postgres", settings: {} };
    const server = await RehearsalServer.start(docker, options);
    let found = 0;
    const run = (checked: boolean) =>
        seconds(async () => {
            const { contractFindings } = await rehearseOn(server, {
                ...options,
                paths: configuration.schema,
                variables: {},
                devDatabase: "dev",
                declared: resolveUpstreams(configuration.upstreams, () => ""),
                roles: [],
                baseline: [],
                strict: false,
                final: (upstreams, roles) => finalServer(configuration, upstreams, roles, process.cwd()),
                fileSystem: memoryFileSystem(FILES),
                ...(checked ? { inspect: compare } : {}),
            });
            found = Math.max(found, contractFindings.length);
        });
    try {
        const plain: number[] = [];
        const withCheck: number[] = [];
        for (let n = 0; n < RUNS; n += 1) {
            plain.push(await run(false));
            withCheck.push(await run(true));
        }
        const floor = median(plain);
        console.log(
            table([
                { what: `rehearsal over a contract of ${TABLES} tables`, seconds: floor },
                {
                    what: `the same, compared (${found} findings)`,
                    seconds: median(withCheck),
                    ratio: median(withCheck.map((one, n) => one / (plain[n] ?? one))),
                    aim: "≤ 1.2",
                },
            ]),
        );
    } finally {
        await server.end();
    }
}

void main();
