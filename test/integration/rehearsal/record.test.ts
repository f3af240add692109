import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { LABEL } from "../../../docker/labels";
import { Checkout, type Run } from "../support/checkout";

let checkout: Checkout;

beforeAll(async () => {
    checkout = await Checkout.create({ upstreams: [{ database: "unused" }] });
});

afterAll(async () => {
    await checkout?.remove();
});

function record(...args: string[]): Promise<Run> {
    return checkout.run(["record", ...args]);
}

function read(file: string): string {
    return readFileSync(join(checkout.directory, file), "utf8");
}

/** Throw-away servers of a process. */
async function servers(pid: number | undefined): Promise<string[]> {
    const filters = { label: [`${LABEL.rehearsal}=${pid}`] };
    return (await checkout.docker.listContainers({ all: true, filters })).map(({ Id }) => Id);
}

const SCHEMA = `
CREATE EXTENSION postgres_fdw;
CREATE SERVER sales FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'sales.internal', port '6543', dbname 'sales');
CREATE USER MAPPING FOR CURRENT_USER SERVER sales OPTIONS (user 'app', password 'top secret');
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE TABLE regions (id bigint PRIMARY KEY, name varchar(20));
BEGIN;
CREATE FOREIGN TABLE orders (id bigint, m mood, total numeric(10,2)) SERVER sales;
CREATE MATERIALIZED VIEW totals AS SELECT sum(total) FROM orders;
CREATE SCHEMA imported;
IMPORT FOREIGN SCHEMA crm FROM SERVER sales INTO imported;
SET search_path TO imported, public;
CREATE VIEW names AS SELECT upper(c.email) AS email, r.name FROM customers c JOIN regions r ON r.id = c.region;
GRANT SELECT ON names TO reporting;
COMMIT;
`;

const SALES = `# What a command expects of its upstreams, written by \`fdw-stub record\`. It may be changed by hand.
# Name this file under \`schema\` in the stack's configuration.
config:
  fdw-stub:upstreams:
    - host: sales.internal
      port: 6543
      database: sales
      users:
        - name: app
      ddl: |
        CREATE SCHEMA crm;
        CREATE TYPE public.mood AS ENUM (
            'ok',
            'bad'
        );
      tables:
        - schema: crm
          name: customers
          columns:
            - { name: region, type: bigint }
            - { name: email, type: text }
        - name: orders
          columns:
            - { name: id, type: bigint }
            - { name: m, type: mood }
            - { name: total, type: "numeric(10,2)" }
  fdw-stub:roles:
    - reporting
`;

/** A test suite with a database of its own, which it drops at the end. */
const SUITE = `
const { Client } = require("pg");
(async () => {
    const admin = new Client({ connectionString: process.env.DEV_URL });
    await admin.connect();
    await admin.query("CREATE DATABASE suite TEMPLATE template0");
    const url = new URL(process.env.DEV_URL);
    url.pathname = "/suite";
    url.password = "another one";
    const client = new Client({ connectionString: url.href });
    await client.connect();
    await client.query(\`
        BEGIN; CREATE EXTENSION postgres_fdw; CREATE EXTENSION dblink;
        CREATE SERVER ledger FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '10.20.30.40', dbname 'ledger');
        CREATE USER MAPPING FOR PUBLIC SERVER ledger OPTIONS (user 'reader');
        CREATE FOREIGN TABLE entries (id bigint) SERVER ledger; COMMIT\`);
    await client.query("CREATE MATERIALIZED VIEW n AS SELECT count(*) FROM entries");
    const { rows } = await client.query(
        "SELECT * FROM dblink('host=audit port=7000 dbname=audit user=auditor password=pw', 'SELECT who FROM actions') AS x(who text)",
    );
    console.log("rows", rows.length);
    await client.end();
    await admin.query("DROP DATABASE suite");
    await admin.end();
})().catch((error) => {
    console.log(error.message);
    process.exit(3);
});
`;

/** What clients expect of a server, whatever else it is. */
const CLIENTS = `
set -eu
PGSSLMODE=prefer PGPASSWORD=wrong psql -qXAtc "SELECT current_user, current_database(), inet_client_addr() IS NULL"
psql -qXAtd postgres -c "CREATE DATABASE other" -c "SELECT 1 FROM pg_database WHERE datname = 'other'"
psql -qXAtd other -c "CREATE EXTENSION postgres_fdw" -c "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd')"
timeout --foreground -s INT 4 psql -qXAtc "SELECT pg_sleep(60)" 2>&1 | grep ERROR
psql -qXAtc "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
psql -qXAtc "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1"
echo "$PGUSER $PGDATABASE $ATLAS_DEV_URL" | sed "s/$PGPASSWORD/PASSWORD/; s/$PGPORT/PORT/"
printf '%s\\n' "$1" | sed "s/$PGPASSWORD/PASSWORD/; s/$PGPORT/PORT/"
psql -qXAtd nowhere -c "SELECT 1" 2>&1 | sed "s/$PGPORT/PORT/"
`;

describe("a script of psql's", () => {
    test("runs again until it has what it needs, and the stack of its file lets it run", async () => {
        checkout.write("schema.sql", SCHEMA);
        const psql = ["psql", "{devUrl}", "-qX", "-v", "ON_ERROR_STOP=1", "-f", "schema.sql"];
        const { code, stdout, stderr } = await record("-o", "upstreams.yaml", "--", ...psql);
        expect(stderr).toMatch(/Recorded 1 upstream with 2 tables \(4 attempts\)\. upstreams\.yaml is written\.\n$/);
        expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
        expect(read("upstreams.yaml")).toBe(SALES);

        checkout.configure({ schema: "upstreams.yaml" });
        await checkout.up();
        const run = await checkout.run(["run", "--", ...psql]);
        expect(run).toMatchObject({ code: 0, stderr: "" });
    });

    test("that goes on after errors is run again for them, too, and one that fails replaces no file", async () => {
        checkout.write("again.yaml", "kept");
        const sql = "CREATE ROLE a; GRANT a TO b; GRANT a TO c; SELECT 1/0";
        const lines = sql.split("; ").flatMap((each) => ["-c", each]);
        const { code, stderr } = await record("-o", "again.yaml", "--attempts", "2", "--", "psql", "-qX", ...lines);
        expect(stderr).toContain("the command runs again (2 of at most 2)");
        expect(stderr).toMatch(/warning: PostgreSQL refuses this statement: division by zero/);
        expect(stderr).toMatch(
            /\(2 attempts\)\. The command ended with status 1, so there may be more to record\. again\.yaml is left as it was\.\n$/,
        );
        expect(code).toBe(1);
        expect(read("again.yaml")).toBe("kept");
    });
});

describe("other commands", () => {
    test("a test suite that drops its database; only the file is on standard output", async () => {
        checkout.write("suite.js", SUITE);
        const { code, stdout, stderr } = await record("--passwords", "--", process.execPath, "suite.js");
        expect(stderr).toContain("rows 0\n");
        expect(code).toBe(0);
        expect(parse(stdout)).toEqual({
            config: {
                "fdw-stub:upstreams": [
                    {
                        host: "10.20.30.40",
                        database: "ledger",
                        users: [{ name: "reader" }],
                        tables: [{ name: "entries", columns: [{ name: "id", type: "bigint" }] }],
                    },
                    {
                        host: "audit",
                        port: 7000,
                        database: "audit",
                        users: [{ name: "auditor", password: "pw" }],
                        tables: [{ name: "actions", columns: [{ name: "who", type: "text" }] }],
                    },
                ],
            },
        });
    });

    test("any client is let in, and can cancel what it asked for", async () => {
        checkout.write("clients.sh", CLIENTS);
        const { stdout, stderr } = await record(
            "-o",
            "clients.yaml",
            "--attempts",
            "1",
            "--",
            "sh",
            "clients.sh",
            "{devUrl}",
        );
        const url = "postgres://postgres:PASSWORD@127.0.0.1:PORT/dev?sslmode=disable";
        expect(stdout.split("\n")).toEqual([
            "postgres|dev|t",
            "1",
            "ERROR:  canceling statement due to user request",
            "0",
            "information_schema",
            "public",
            `postgres dev ${url}`,
            url,
            'psql: error: connection to server at "127.0.0.1", port PORT failed: FATAL:  database "nowhere" does not exist',
            "",
        ]);
        expect(stderr).toContain("Recorded 1 upstream with 0 tables (1 attempt).");
    });

    test("one that needs nothing", async () => {
        const { code, stdout, stderr } = await record("--", "sh", "-c", "exit 7");
        expect(stderr).toContain("No upstream was needed (1 attempt). The command ended with status 7");
        expect({ code, stdout }).toEqual({
            code: 7,
            stdout: expect.stringMatching(/\nconfig:\n {2}fdw-stub:upstreams: \[\]\n$/),
        });
    });
});

describe("how it ends", () => {
    test.each(["SIGINT", "SIGKILL"] as const)("by %s, and nothing is left", async (signal) => {
        const ready = join(checkout.directory, `ready-${signal}`);
        const script = `: >ready-${signal}; exec sleep 60`;
        const { process: child, ended } = checkout.start(["record", "-o", "none.yaml", "--", "sh", "-c", script]);
        await expect.poll(() => existsSync(ready), { timeout: 60_000, interval: 50 }).toBe(true);
        await expect(servers(child.pid)).resolves.toHaveLength(1);
        expect(child.kill(signal)).toBe(true);
        if (signal === "SIGINT") {
            expect((await ended).code).toBe(130);
        }
        await expect.poll(() => servers(child.pid), { timeout: 30_000, interval: 100 }).toEqual([]);
        expect(existsSync(join(checkout.directory, "none.yaml"))).toBe(false);
    });

    test.each([
        ["--attempts", "0", '--attempts "0" is no number of attempts; allowed are whole numbers from 1 to 100.'],
        ["--attempts", "many", '--attempts "many" is no number of attempts'],
        ["--output", "no/such.yaml", '--output "no/such.yaml": the folder '],
        ["--output", "up.txt", '--output "up.txt" must end in .yaml or .yml'],
        ["--dev-user", "pg_x", "pg_x"],
        ["--image", "redis:7", "redis:7"],
    ])("%s %s is refused before the command runs", async (option, value, message) => {
        const { code, stdout, stderr } = await record(option, value, "--", "echo", "ran");
        expect(stderr).toContain(message);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).not.toContain("ran\n");
    });

    test("that is not there: its name, and nothing is written", async () => {
        const { code, stdout, stderr } = await record("-o", "none.yaml", "--", "no-such-command");
        expect(stderr).toBe('fdw-stub: The command "no-such-command" was not found. Check its name and your PATH.\n');
        expect({ code, stdout }).toEqual({ code: 127, stdout: "" });
        expect(existsSync(join(checkout.directory, "none.yaml"))).toBe(false);
    });

    test("without Docker, with one sentence", async () => {
        const env = { DOCKER_HOST: `unix://${checkout.directory}/none.sock` };
        const { code, stderr } = await checkout.run(["record", "--", "echo", "ran"], { env });
        expect(stderr).toMatch(/^fdw-stub: Docker cannot be reached at [^\n]*\n$/);
        expect(code).toBe(1);
    });
});
