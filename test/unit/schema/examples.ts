/** The example schemas with what is expected of each. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

export const EXAMPLES = join(__dirname, "../../../examples/schemas");

const expectation = z.strictObject({
    /** Paths in the example's folder. */
    paths: z.array(z.string()).default(["."]),
    /** Paths of contracts in the example's folder, by database. */
    contracts: z.record(z.string(), z.array(z.string())).default({}),
    tool: z.string().optional(),
    variables: z.record(z.string(), z.string()).default({}),
    /** Files in the order in which they are read. */
    files: z.array(z.string()).optional(),
    /** Local roles that must be there. */
    roles: z.array(z.string()).default([]),
    /** How many statements PostgreSQL refuses. */
    failed: z.number().default(0),
    upstreams: z.array(
        z.strictObject({
            host: z.string(),
            port: z.number().default(5432),
            database: z.string(),
            users: z.array(z.string()).default([]),
            extensions: z.array(z.string()).default([]),
            /** `name type` of each column, by `schema.table`. */
            tables: z.record(z.string(), z.array(z.string())),
        }),
    ),
});
export type Expectation = z.output<typeof expectation>;

export function exampleNames(): string[] {
    return readdirSync(EXAMPLES).sort();
}

export function expectationOf(name: string): Expectation {
    return expectation.parse(parse(readFileSync(join(EXAMPLES, name, "expect.yaml"), "utf8"), { merge: true }));
}

export interface ExampleInput {
    readonly paths: readonly string[];
    readonly variables: Readonly<Record<string, string>>;
    readonly configuration: { readonly upstreams: Array<{ database: string; contract: string[] }> };
}

/** What the product is given for an example. */
export function inputOf(name: string): ExampleInput {
    const { paths, variables, contracts } = expectationOf(name);
    const folder = join(EXAMPLES, name);
    return {
        paths: paths.map((path) => join(folder, path)),
        variables,
        configuration: {
            upstreams: Object.entries(contracts).map(([database, own]) => ({
                database,
                contract: own.map((path) => join(folder, path)),
            })),
        },
    };
}
