import { expect } from "vitest";
import { contentOfDev, rows } from "../../engine/support/scenario";
import type { Checkout } from "./checkout";

/** A login that the server asks for its password, so that a user mapping counts. */
const UPSTREAM_USER = { name: "app", password: "the app's own secret" };

/** One upstream with one filled table: what `FDW_SCHEMA` reads. */
export const FDW_CONFIGURATION = {
    upstreams: [
        {
            host: "upstream_db",
            database: "upstream_db",
            users: [UPSTREAM_USER],
            tables: [
                {
                    name: "events",
                    columns: [{ name: "id", type: "bigint" }],
                    rows: [{ id: 1 }, { id: 2 }, { id: 3 }],
                },
            ],
        },
    ],
};

/** A schema that connects while it is created: the view is filled, so the foreign table must resolve and match. */
export const FDW_SCHEMA = `
CREATE EXTENSION postgres_fdw;
CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'upstream_db', dbname 'upstream_db');
CREATE USER MAPPING FOR CURRENT_USER SERVER upstream
    OPTIONS (user '${UPSTREAM_USER.name}', password '${UPSTREAM_USER.password.replaceAll("'", "''")}');
CREATE FOREIGN TABLE events (id bigint) SERVER upstream;
CREATE MATERIALIZED VIEW event_count AS SELECT count(*) AS n FROM events WITH DATA;
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL);
`;

/** How long the background session may take to notice and to drop. */
const POLL = { timeout: 60_000, interval: 100 };

/** What was handed out and is not dropped yet. */
async function handedOut(url: string): Promise<string[]> {
    const found = await rows(url, "SELECT name FROM fdw_stub.database WHERE state IN ('out', 'dropping')", "fdw_stub");
    return found.map(({ name }) => String(name));
}

/** Waits until all that was handed out is gone. */
export async function everythingGoes(url: string): Promise<void> {
    await expect.poll(() => handedOut(url), POLL).toEqual([]);
}

/** Hands out a database as `atlas.hcl` does, and gives its URL. */
export async function freshUrlOf(maintenanceUrl: string): Promise<string> {
    const [row] = await rows(maintenanceUrl, "SELECT fdw_stub.fresh_database() AS name");
    const url = new URL(maintenanceUrl);
    url.pathname = `/${String(row?.name)}`;
    return url.href;
}

/** Reads variables as `fdw-stub env --format dotenv` writes them. */
export async function environmentOf(checkout: Checkout): Promise<Record<string, string>> {
    const { stdout } = await checkout.succeed(["env", "--format", "dotenv"]);
    return Object.fromEntries(
        stdout
            .trim()
            .split("\n")
            .map((line): [string, string] => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
}

/** Whether a database holds what `FDW_SCHEMA` makes, filled through the foreign server. */
export async function expectScenario(url: string): Promise<void> {
    await expect(rows(url, "SELECT n::int FROM event_count")).resolves.toEqual([{ n: 3 }]);
    await expect(contentOfDev(url)).resolves.toContain("server upstream");
}
