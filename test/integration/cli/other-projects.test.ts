import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Checkout } from "../support/checkout";

let checkout: Checkout;
let root: string;

beforeAll(async () => {
    checkout = await Checkout.create();
    root = realpathSync(mkdtempSync(join(tmpdir(), "fdw-stub-other-")));
});
afterAll(async () => {
    await checkout.remove();
    rmSync(root, { recursive: true, force: true });
});

const INIT = "npx fdw-stub init";

test.each<[string, Readonly<Record<string, string>>, readonly string[], RegExp]>([
    ["package.json alone", { "package.json": "{}" }, ["up"], /There is nothing to stub: .* has no fdw-stub\.yaml/],
    ["nothing at all", {}, ["up"], /There is no fdw-stub\.yaml, Pulumi\.yaml, package\.json or \.git in /],
    [
        "a Pulumi project about something else",
        { "Pulumi.yaml": "name: infra\nruntime: nodejs\nconfig: {region: eu}", "index.ts": "throw new Error();" },
        ["up", "--schema", "sql"],
        /is a Pulumi project with a configuration of its own \(infra:region\)/,
    ],
    [
        "a Pulumi project in another language",
        { "Pulumi.yaml": "name: infra\nruntime: go" },
        ["up", "--schema", "sql"],
        /is a Pulumi project without an index\.ts/,
    ],
    [
        "a configuration file with a misspelt key",
        { "fdw-stub.yaml": "schemas: [sql]" },
        ["up"],
        /fdw-stub\.yaml cannot be used: schemas is unknown/,
    ],
])("%s: one clear error, and nothing is made", async (name, files, args, message) => {
    const cwd = join(root, name);
    mkdirSync(join(cwd, "sql"), { recursive: true });
    for (const [file, text] of Object.entries(files)) {
        writeFileSync(join(cwd, file), text);
    }
    const { code, stdout, stderr } = await checkout.run(args, { cwd });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^fdw-stub: .*\n$/);
    if (!message.source.includes("unknown")) {
        expect(stderr).toContain(INIT);
    }
});
