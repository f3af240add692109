import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ATLAS_FILE, atlasConfiguration, writeAtlasConfiguration } from "../../../cli/atlas";
import { InputError } from "../../../upstreams/errors";

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fdw-stub-atlas-"));
});
afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
});

test("says in the file how the environment is set, for the stack that was named", () => {
    expect(atlasConfiguration("dev")).toContain('eval "$(npx fdw-stub env)"\n');
    expect(atlasConfiguration("ci-1")).toContain('eval "$(npx fdw-stub env --stack ci-1)"\n');
});

test.each(["a\nb", "a b", "$(id)", "", "-x"])("refuses the stack %j, which would stand in the file", (stack) => {
    expect(() => atlasConfiguration(stack)).toThrow(InputError);
});

test("an existing file is left as it is", () => {
    const file = join(folder, ATLAS_FILE);
    writeFileSync(file, "mine");
    expect(() => writeAtlasConfiguration("dev", folder)).toThrow("atlas.hcl exists already and is left as it is.");
    expect(readFileSync(file, "utf8")).toBe("mine");
});

test("a folder that cannot be written to is named", () => {
    const missing = join(folder, "missing");
    expect(() => writeAtlasConfiguration("dev", missing)).toThrow(`atlas.hcl cannot be written to ${missing}: ENOENT`);
});

test("writes what it prints", () => {
    writeAtlasConfiguration("dev", folder);
    expect(readFileSync(join(folder, ATLAS_FILE), "utf8")).toBe(atlasConfiguration("dev"));
});
