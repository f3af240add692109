import { expect } from "vitest";
import { connected } from "../../engine/support/scenario";
import type { Scene } from "./scenes";

/** Runs a scene through a dev URL, and checks what comes of it. */
export async function runScene(url: string, { sql, rows, error }: Scene): Promise<void> {
    const run = connected(url, async (client) => {
        await client.query("BEGIN");
        const results = [];
        for (const statement of sql) {
            results.push((await client.query(statement)).rows);
        }
        await client.query("ROLLBACK");
        return results.at(-1);
    });
    await (error === undefined ? expect(run).resolves.toEqual(rows) : expect(run).rejects.toThrow(error));
}
