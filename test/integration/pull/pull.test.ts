/** Recording an upstream that is really there, and running what was recorded. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import type Docker from "dockerode";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectDocker } from "../../../docker/client";
import { LABEL } from "../../../docker/labels";
import { type Pulled, type PullRequest, pull } from "../../../pull";
import { InputError } from "../../../upstreams/errors";
import { Checkout } from "../support/checkout";
import { imageHere } from "../support/image";

const SOURCE = readFileSync(join(__dirname, "source.sql"), "utf8");
const PASSWORD = "source-server-secret";
/** As `source.sql` has it. */
const PULLER = { user: "puller", password: `it's \\ a "secret" ` };
const WANTED = ["customers", 'Odd "Orders"', "events", "order_totals", "daily", "newest_orders", "remote"];

let docker: Docker;
let image: string;
let server: Docker.Container;
let port = 0;

function urlOf({ user, password }: { user: string; password: string }, database = "rich", more = ""): string {
    const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
    return `postgres://${login}@127.0.0.1:${port}/${database}${more}`;
}

const admin = { user: "postgres", password: PASSWORD };

async function withClient<T>(database: string, work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ host: "127.0.0.1", port, database, ...admin });
    client.on("error", () => undefined);
    await client.connect();
    try {
        return await work(client);
    } finally {
        await client.end();
    }
}

async function ready(): Promise<void> {
    for (const end = Date.now() + 60_000; ; await setTimeout(200)) {
        try {
            await withClient("postgres", (client) => client.query("SELECT"));
            return;
        } catch (error) {
            if (Date.now() > end) {
                throw error;
            }
        }
    }
}

async function database(name: string, sql: string): Promise<void> {
    await withClient("postgres", (client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0`));
    await withClient(name, (client) => client.query(sql));
}

beforeAll(async () => {
    docker = await connectDocker();
    image = await imageHere();
    server = await docker.createContainer({
        Image: image,
        Env: [`POSTGRES_PASSWORD=${PASSWORD}`],
        ExposedPorts: { "5432/tcp": {} },
        HostConfig: { AutoRemove: true, PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
    });
    await server.start();
    const { NetworkSettings } = await server.inspect();
    port = Number(NetworkSettings.Ports["5432/tcp"]?.[0]?.HostPort);
    await ready();
    await database("rich", SOURCE);
});

afterAll(async () => {
    await server?.remove({ force: true, v: true });
});

/** Records with what a test is about; everything else is alike. */
function record(more: Partial<PullRequest>): Promise<Pulled> {
    return pull({
        docker,
        image,
        imageName: image,
        name: "shop",
        from: urlOf(admin),
        source: "--from",
        tables: undefined,
        schemas: [],
        roles: ["reader"],
        around: { env: {}, user: "somebody", readServices: () => undefined },
        ...more,
    });
}

/** What stands below the header. */
function bodyOf(text: string): string {
    return text.slice(text.indexOf("\n\n"));
}

function entriesOf(text: string): string[] {
    return [...text.matchAll(/^--\n-- (.*)\n--$/gm)].map(([, entry]) => entry ?? "");
}

/** Containers of recordings that are there, whoever made them. */
async function leftovers(): Promise<number> {
    const all = await docker.listContainers({ all: true, filters: { label: [`${LABEL.pull}=${process.pid}`] } });
    return all.length;
}

describe("what is recorded of a rich upstream", () => {
    let some: Pulled;

    beforeAll(async () => {
        some = await record({
            from: urlOf(PULLER),
            tables: [...WANTED, "gone"].map((name) => ({ schema: "shop", name })),
            schemas: ["private"],
            roles: ["reader", "nobody"],
        });
    });

    test("is what the tables need, and no more", () => {
        const entries = entriesOf(some.text);
        expect(entries).toEqual(
            expect.arrayContaining([
                "SCHEMA private",
                "EXTENSION citext",
                "EXTENSION pg_trgm",
                "DOMAIN types.cents",
                "TYPE types.status",
                "TYPE types.span",
                "COLLATION types.german",
                "AGGREGATE types.product(bigint)",
                "FUNCTION types.helper(bigint)",
                "FUNCTION shop.newest(text)",
                "SEQUENCE shop.numbers",
                "TABLE shop.events_rest",
                "TABLE ATTACH shop.events_2025",
                "INDEX ATTACH shop.events_rest_pkey",
                "MATERIALIZED VIEW shop.daily",
                "TABLE shop.remote",
                'FK CONSTRAINT shop.Odd "Orders" Odd "Orders"_customer_id_fkey',
                "Privileges",
            ]),
        );
        const unwanted =
            /nobody_asks|private\.|unused|never_called|TRIGGER|POLICY|STATISTICS|SERVER|shop\.(?:base|child)/;
        expect(entries.filter((entry) => unwanted.test(entry))).toEqual([]);
    });

    test("holds no secret, no row and no owner", () => {
        expect(bodyOf(some.text)).not.toMatch(/secret|row-of-data|OWNER TO|restrict|Who buys|puller/);
        expect(some.text).not.toMatch(/mapping-secret|subscription-secret|option-secret|127\.0\./);
    });

    test("tells in its header what it is and what is left out", () => {
        const header = some.text.slice(0, some.text.indexOf("\n\n"));
        expect(header).toMatch(/^-- Recorded: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m);
        expect(header).toMatch(/^-- Server: PostgreSQL \d+\.\d+$/m);
        expect(header).toContain("-- Privileges of: reader");
        expect(header).toContain("-- Foreign there, plain tables here: shop.remote");
        for (const left of [
            "TRIGGER: shop.customers changed",
            "POLICY: shop.customers own_rows",
            "STATISTICS: shop.together",
        ]) {
            // The function of the trigger is in no need of anybody, so neither is the trigger.
            expect(header.includes(left)).toBe(!left.startsWith("TRIGGER"));
        }
    });

    test("warns of what the schema uses and the upstream has not", () => {
        expect(some.warnings).toEqual([
            "The upstream has no shop.gone, which the schema uses.",
            'The upstream has no role "nobody", which a user mapping names: its privileges are not recorded.',
        ]);
    });

    test("gives a role what it may do there, by whatever right", () => {
        const grants = some.text.split("\n").filter((line) => /^(?:GRANT|REVOKE)/.test(line));
        expect(grants).toEqual(
            expect.arrayContaining([
                'REVOKE USAGE ON SCHEMA "public" FROM PUBLIC;',
                'GRANT USAGE ON SCHEMA "shop" TO "reader";',
                'GRANT SELECT, INSERT ON TABLE "shop"."events" TO "reader";',
                'GRANT SELECT ("id", "status"), UPDATE ("status") ON TABLE "shop"."Odd ""Orders""" TO "reader";',
                "REVOKE EXECUTE ON FUNCTION types.helper(bigint) FROM PUBLIC;",
                'GRANT USAGE ON SEQUENCE shop.numbers TO "reader";',
            ]),
        );
        expect(grants.join("\n")).not.toMatch(/"private"|shop_team|puller/);
    });

    test("runs on an empty database, as it is and whole, and recorded again it is the same", async () => {
        const whole = await record({});
        await database("part", some.text);
        await database("whole", whole.text);
        const again = await record({ from: urlOf(admin, "whole") });
        expect(bodyOf(again.text)).toBe(bodyOf(whole.text));
        const part = await record({
            from: urlOf(admin, "part"),
            tables: WANTED.map((name) => ({ schema: "shop", name })),
            schemas: ["private"],
        });
        expect(bodyOf(part.text)).toBe(bodyOf(some.text));
        await withClient("part", async (client) => {
            await client.query("SET ROLE reader");
            await client.query("INSERT INTO shop.events VALUES ('2025-05-05', 'order', '{}')");
            await expect(client.query("DELETE FROM shop.events")).rejects.toThrow("permission denied");
            await client.query("RESET ROLE");
            // Functions whose bodies name others have them.
            await client.query(`INSERT INTO shop.customers (email) VALUES ('a@example.com')`);
            const { rows } = await client.query(
                `INSERT INTO shop."Odd ""Orders""" (customer_id, amount) VALUES (1, 21) RETURNING doubled::int`,
            );
            expect(rows).toEqual([{ doubled: 42 }]);
            expect((await client.query("SELECT * FROM shop.newest_orders")).rowCount).toBe(1);
        });
    });
});

describe("what an upstream notices", () => {
    test("is a reader: nothing but ACCESS SHARE, in a transaction that writes nothing", async () => {
        await withClient("rich", async (watcher) => {
            const seen = new Set<string>();
            const settings = new Set<string>();
            let over = false;
            const recording = record({ from: urlOf(PULLER), tables: [{ schema: "shop", name: "customers" }] }).finally(
                () => {
                    over = true;
                },
            );
            while (!over) {
                const { rows } = await watcher.query<{ mode: string; relation: string; backend_xid: string | null }>(
                    `SELECT l.mode, l.relation::regclass::text AS relation, a.backend_xid::text
                     FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                     WHERE a.usename = 'puller' AND l.locktype = 'relation' AND l.relation >= 16384`,
                );
                for (const { mode, relation, backend_xid } of rows) {
                    seen.add(`${relation} ${mode}`);
                    settings.add(String(backend_xid));
                }
                await setTimeout(10);
            }
            await recording;
            const modes = [...seen].filter((one) => !one.endsWith(" AccessShareLock"));
            expect(modes).toEqual([]);
            expect([...seen].filter((one) => /nobody_asks|secrets/.test(one))).toEqual([]);
            expect([...seen]).toContain("shop.customers AccessShareLock");
            expect([...settings]).toEqual(["null"]);
        });
    });

    test("is nobody who waits for long behind a lock", async () => {
        await withClient("rich", async (holder) => {
            await holder.query("BEGIN; LOCK shop.base IN ACCESS EXCLUSIVE MODE");
            await expect(
                record({ tables: [{ schema: "shop", name: "base" }], limits: { statement: 10, lock: 1 } }),
            ).rejects.toThrow("somebody holds a lock");
            await holder.query("ROLLBACK");
        });
    });
});

test.each<[string, () => Partial<PullRequest>, RegExp]>([
    [
        "a wrong password",
        () => ({ from: urlOf({ ...admin, password: "wrong-one" }) }),
        /the password of "postgres" is wrong/,
    ],
    [
        "no password",
        () => ({ from: `postgres://postgres@127.0.0.1:${port}/rich` }),
        /it asks for a password of "postgres"/,
    ],
    ["a wrong database", () => ({ from: urlOf(admin, "nowhere") }), /it has no database "nowhere"/],
    [
        "a port where nobody listens",
        () => ({ from: "postgres://postgres:wrong-one@127.0.0.1:1/x" }),
        /ECONNREFUSED 127\.0\.0\.1:1/,
    ],
    [
        "a host that is none",
        () => ({ from: "postgres://u:wrong-one@nowhere.invalid/x" }),
        /cannot be reached from this machine \(nowhere\.invalid:5432/,
    ],
    [
        "TLS that is not there",
        () => ({ from: urlOf(admin, "rich", "?sslmode=verify-full&sslrootcert=system") }),
        /no TLS/,
    ],
    [
        "privileges that are missing",
        () => ({ from: urlOf(PULLER) }),
        /GRANT USAGE ON SCHEMA "private" TO "puller";\n {2}GRANT SELECT ON TABLE "private"\."secrets" TO "puller";/,
    ],
])("%s is one clear error", async (_, more, message) => {
    const error = await record(more()).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toMatch(/wrong-one|source-server-secret|127\.0\.1\./);
    expect(await leftovers()).toBe(0);
});

test("the GRANTs that an error prints are all that was missing", async () => {
    const error = await record({ from: urlOf(PULLER) }).catch((one: unknown) => one);
    const statements = String(error)
        .split("\n")
        .filter((line) => line.startsWith("  GRANT"));
    await withClient("rich", (client) => client.query(statements.join("\n")));
    expect(entriesOf((await record({ from: urlOf(PULLER) })).text)).toContain("TABLE private.secrets");
});

describe("the command", () => {
    let checkout: Checkout;
    let env: Record<string, string>;

    beforeAll(async () => {
        checkout = await Checkout.create({ image: "postgres:18", schema: ["schema.sql"] });
        checkout.write(
            "schema.sql",
            `CREATE EXTENSION postgres_fdw;
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'shop.internal', dbname 'rich');
CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user 'reader', password 'reader-secret');
CREATE FOREIGN TABLE base (id int, note text) SERVER shop OPTIONS (schema_name 'shop');
CREATE SCHEMA imported;
IMPORT FOREIGN SCHEMA shop FROM SERVER shop INTO imported;
CREATE VIEW v AS SELECT at FROM imported.newest_orders;
`,
        );
        env = { FDW_STUB_PULL_SHOP: urlOf(admin) };
    });

    afterAll(() => checkout?.remove());

    test("records what the schema uses, once, says what has changed, and records that", async () => {
        const file = join(checkout.directory, "upstreams", "shop.sql");
        const none = await checkout.run(["pull", "--check"], { env });
        expect([none.code, none.stdout]).toEqual([1, expect.stringContaining("shop.sql does not exist")]);
        const first = await checkout.succeed(["pull"], { env });
        expect(first.stdout).toMatch(/^Recorded shop into upstreams\/shop\.sql: 5 tables and views, PostgreSQL \d+/);
        const text = readFileSync(file, "utf8");
        expect(entriesOf(text).filter((entry) => /^(?:TABLE|VIEW) \S+$/.test(entry))).toEqual([
            "TABLE shop.events",
            "TABLE shop.base",
            "TABLE shop.events_2025",
            "TABLE shop.events_rest",
            "VIEW shop.newest_orders",
        ]);
        const again = await checkout.succeed(["pull", "--upstream", "shop"], { env });
        expect(again.stdout).toContain("is as the upstream shop is");
        expect(readFileSync(file, "utf8")).toBe(text);
        await withClient("rich", (client) => client.query("ALTER TABLE shop.base ALTER note TYPE varchar(9)"));
        const drift = await checkout.run(["pull", "--check"], { env });
        expect([drift.code, stripVTControlCharacters(drift.stdout)]).toEqual([
            1,
            expect.stringMatching(/^-.*note text\n\+.*note character varying\(9\)$/m),
        ]);
        expect(readFileSync(file, "utf8")).toBe(text);
        await checkout.succeed(["pull"], { env });
        expect(readFileSync(file, "utf8")).toContain("note character varying(9)");
        expect(`${first.stdout}${first.stderr}${drift.stdout}${drift.stderr}`).not.toContain(PASSWORD);
    });

    test.each<[string, string[], RegExp]>([
        [
            "an upstream that cannot be had",
            ["--from", "postgres://u:hush@127.0.0.1:1/x", "--upstream", "shop"],
            /ECONNREFUSED/,
        ],
        [
            "no connection string",
            ["--from", "postgres://u:hush@h:port/x", "--upstream", "shop"],
            /is no connection string/,
        ],
        ["a name that leads elsewhere", ["--upstream", "../shop"], /is no name for a file/],
    ])("says %s without the password", async (_, args, message) => {
        const run = await checkout.run(["pull", ...args], { env });
        expect([run.code, run.stderr]).toEqual([1, expect.stringMatching(message)]);
        expect(run.stderr).not.toContain("hush");
    });

    test("leaves nothing behind when it is interrupted", async () => {
        const output = join(checkout.directory, "interrupted.sql");
        const running = checkout.start(["pull", "--all", "--output", output], { env });
        const label = `${LABEL.pull}=${running.process.pid}`;
        const there = async () => (await docker.listContainers({ filters: { label: [label] } })).length;
        for (const end = Date.now() + 60_000; (await there()) === 0 && Date.now() < end; ) {
            await setTimeout(50);
        }
        running.process.kill("SIGINT");
        await running.ended;
        for (const end = Date.now() + 20_000; (await there()) > 0 && Date.now() < end; ) {
            await setTimeout(100);
        }
        expect(await there()).toBe(0);
        expect(() => readFileSync(output)).toThrow("ENOENT");
    });
});
