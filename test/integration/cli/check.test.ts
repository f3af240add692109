/** The example of a mismatch, which nothing but a contract shows. */

import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { check } from "../../../cli/check";
import { deriveFromSchema } from "../../../components/derive";
import { InputError } from "../../../upstreams/errors";
import { parseConfiguration } from "../../../upstreams/parse";
import { REPOSITORY } from "../support/package-files";

let directory: string;
let original: Record<string, unknown>;

beforeAll(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "fdw-stub-test-")));
    cpSync(join(REPOSITORY, "examples", "mismatch"), directory, { recursive: true });
    original = z.record(z.string(), z.unknown()).parse(parse(readFileSync(join(directory, "fdw-stub.yaml"), "utf8")));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function configure(change: Record<string, unknown> = {}): void {
    writeFileSync(join(directory, "fdw-stub.yaml"), stringify({ ...original, ...change }));
}

async function run(options: { format?: string; failOn?: string; schema?: string[] } = {}) {
    const out: string[] = [];
    const status = await check(
        { stack: "dev", cwd: directory },
        { format: "text", failOn: "fails", ...options },
        { print: (text) => out.push(text), tell: () => undefined },
    );
    // Without the way to the folder, and without the digits of a moment.
    const here = `${relative(process.cwd(), directory)}/`;
    return { status, text: out.join("\n").replaceAll(here, "").replaceAll(`${directory}/`, "") };
}

const code = (line: string) => `${line.slice(0, line.indexOf(":"))} ${/\[([^\]]*)\]$/.exec(line)?.[1] ?? ""}`;

describe("the example", () => {
    test("says what fails, what may, and what is accepted, with both places", async () => {
        configure();
        const { status, text } = await run();
        const lines = text.split("\n");
        expect(lines.slice(0, -1).map(code)).toEqual([
            "fails statement-failed reports/migrations/20260120000000_sales.sql",
            "fails type-fails public.orders.total",
            "fails column-missing public.orders.coupon",
            "may fail or lose enum-label public.orders.status",
            "accepted (both servers run in UTC) time-zone public.orders.placed_at",
        ]);
        expect(lines[1]).toMatch(
            /^fails: \S*reports\/migrations\/20260115000000_orders.sql:5: .*\(contract: \S*orders\/migrations\/20260301000000_money.sql:2\)/,
        );
        expect(lines.at(-1)).toBe("1 foreign table compared with 1 contract: 3 fails, 1 may fail or lose, 1 accepted.");
        expect(status).toBe(1);
    });

    test.each([
        ["never", 0],
        ["name-only", 1],
    ])("--fail-on %s ends with %i", async (failOn, status) => {
        expect((await run({ failOn })).status).toBe(status);
    });

    test("ends well when everything is accepted, and says what no longer occurs", async () => {
        const accept = (...pairs: ReadonlyArray<readonly [string, string]>) =>
            pairs.map(([code, object]) => ({ code, object, reason: "known" }));
        configure({
            accepted: accept(
                ["statement-failed", "reports/migrations/20260120000000_sales.sql"],
                ["type-fails", "public.orders.total"],
                ["column-missing", "public.orders.coupon"],
                ["enum-label", "public.orders.status"],
                ["time-zone", "public.orders.placed_at"],
                ["collation", "public.orders.customer"],
            ),
        });
        const { status, text } = await run({ failOn: "name-only" });
        expect(status).toBe(0);
        expect(text.split("\n").slice(-2)).toEqual([
            "warning: The accepted finding collation of public.orders.customer (known) no longer occurs: remove it from accepted.",
            "1 foreign table compared with 1 contract: they agree, 5 accepted.",
        ]);
        // In the other forms it has the place of its line.
        expect((await run({ format: "github" })).text).toMatch(
            /^::warning file=\S*fdw-stub.yaml,line=23,title=fdw-stub check%3A accepted-unused::The accepted finding collation/,
        );
    });

    test("comes in the forms of other tools", async () => {
        configure();
        expect((await run({ format: "github" })).text.split("\n").map((line) => line.split(" ")[0])).toEqual([
            "::error",
            "::error",
            "::error",
            "::warning",
        ]);
        expect((await run({ format: "junit" })).text).toContain('tests="2" failures="2"');
        expect(JSON.parse((await run({ format: "gitlab" })).text)).toHaveLength(4);
        expect(JSON.parse((await run({ format: "sarif" })).text)).toMatchObject({
            runs: [{ results: [{}, {}, {}, {}, { suppressions: [{ justification: "both servers run in UTC" }] }] }],
        });
        expect(JSON.parse((await run({ format: "json" })).text)).toMatchObject({
            contracts: ["orders.internal:5432/orders"],
            tables: ["public.orders"],
            findings: [{}, { grade: "fails", code: "type-fails", contractPlace: { line: 2 } }, {}, {}],
            accepted: [{ code: "time-zone", reason: "both servers run in UTC" }],
            unused: [],
        });
    });

    test("is said as warnings where a stack comes up, without what is accepted", async () => {
        configure();
        const { warnings } = await deriveFromSchema(parseConfiguration(original), directory);
        expect(warnings.filter((warning) => warning.includes("(contract: "))).toHaveLength(3);
        expect(warnings.join("\n")).not.toContain("placed_at is");
    });

    test("agrees with a stub that is derived from it, as it would with any", async () => {
        const { warnings, summary } = await deriveFromSchema(
            parseConfiguration({ schema: original.schema }),
            directory,
        );
        expect(warnings).toEqual([]);
        expect(summary).toEqual(["The schema ran over its stubs: 6 statements, none failed."]);
    });
});

describe("what cannot be checked is one clear error", () => {
    test.each([
        ["no contract", { upstreams: [] }, {}, /no upstream in fdw-stub.yaml has a contract/],
        ["no schema", { schema: [] }, {}, /fdw-stub.yaml names no schema. Name it: npx fdw-stub check --schema PATH/],
        ["a schema that is not there", { schema: ["gone"] }, {}, /gone" does not exist/],
        [
            "a contract that is not there",
            { upstreams: [{ database: "d", contract: ["gone"] }] },
            {},
            /upstreams\[0\].contract: the path .*gone" does not exist/,
        ],
        [
            "an unknown form",
            {},
            { format: "xml" },
            /--format "xml" is unknown; known are text, json, github, junit, sarif, gitlab/,
        ],
        [
            "an unknown grade",
            {},
            { failOn: "all" },
            /--fail-on "all" is unknown; known are fails, may-fail, name-only, never/,
        ],
    ])("%s", async (_name, change, options, message) => {
        configure(change);
        await expect(run(options)).rejects.toThrow(InputError);
        await expect(run(options)).rejects.toThrow(message);
    });
});
