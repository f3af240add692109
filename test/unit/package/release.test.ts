import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { CONFIGURATION_KEYS } from "../../../upstreams/parse";

const ROOT = join(__dirname, "..", "..", "..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const manifest = z
    .object({
        version: z.string(),
        files: z.array(z.string()),
        peerDependencies: z.record(z.string(), z.string()),
        devDependencies: z.record(z.string(), z.string()),
        dependencies: z.record(z.string(), z.string()),
    })
    .parse(JSON.parse(read("package.json")));

test("nothing keeps the package from being published", () => {
    expect(JSON.parse(read("package.json"))).not.toHaveProperty("private");
});

test("the changelog begins with the version of package.json, and gives it to a release", () => {
    expect(/^## (\S+)/m.exec(read("CHANGELOG.md"))?.[1]).toBe(manifest.version);
    const notes = execFileSync(process.execPath, [join(ROOT, ".github", "release-notes.mjs")], { encoding: "utf8" });
    expect(notes).toMatch(/^- /);
    expect(notes).not.toContain("## ");
});

test("the range of each peer begins with the version that is tested, and nothing is installed twice", () => {
    for (const [name, range] of Object.entries(manifest.peerDependencies)) {
        expect([name, range]).toEqual([name, `^${manifest.devDependencies[name]}`]);
        expect(manifest.dependencies).not.toHaveProperty(name);
    }
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
        expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    }
});

test("every folder that is published is there", () => {
    for (const file of manifest.files.filter((one) => !one.startsWith("!") && one !== "dist")) {
        expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
    }
});

test("the README's table and the project file know the keys that there are", () => {
    const table = [...read("README.md").matchAll(/^\| `(\w+)` \|.*\|.*\|$/gm)].map(([, key]) => key);
    expect(table).toEqual(expect.arrayContaining([...CONFIGURATION_KEYS]));
    const { config } = z.object({ config: z.record(z.string(), z.unknown()) }).parse(parse(read("Pulumi.yaml")));
    expect(Object.keys(config).filter((key) => !CONFIGURATION_KEYS.includes(key))).toEqual([]);
});
