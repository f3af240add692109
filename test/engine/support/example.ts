import { expect } from "vitest";
import type { ConfigurationInput } from "../../../upstreams/parse";
import { contentOfDev, type Foreign, readThroughAsNobody } from "./scenario";

/** The foreign table that a schema for the example declares. */
export const EVENTS: Foreign = {
    host: "upstream_db",
    database: "upstream_db",
    user: "app",
    password: "secret",
    table: "events",
    columns: { id: "bigint" },
};
/** The example: one upstream, one user with a password, one table with one row. */
export const EXAMPLE: ConfigurationInput = {
    upstreams: [
        {
            host: "upstream_db",
            database: "upstream_db",
            users: [{ name: "app", password: "secret" }],
            tables: [{ name: "events", columns: [{ name: "id", type: "bigint" }], rows: [{ id: 1 }] }],
        },
    ],
};

/** Asserts that a stack with the example works: the whole scenario as a non-superuser, and an empty dev database. */
export async function expectExampleToWork(devUrl: string): Promise<void> {
    await expect(readThroughAsNobody(devUrl, EVENTS)).resolves.toEqual([{ id: "1" }]);
    await expect(contentOfDev(devUrl)).resolves.toEqual([]);
}
