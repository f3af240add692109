import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestInputs, fingerprint, OWN_PROGRAM, programOf } from "../../../standalone/fingerprint";
import { type ConfigurationInput, parseConfiguration } from "../../../upstreams/parse";

const UPSTREAM = { host: "db", database: "shop", ddlFiles: ["ddl/shop.sql", "types.sql"], seed: ["shop.csv"] };
const BASE: ConfigurationInput = { upstreams: [UPSTREAM], baseline: ["base.sql"] };

let directory: string;

beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "fdw-stub-fingerprint-"));
    for (const file of [
        "index.ts",
        "package-lock.json",
        "components/server.ts",
        "components/deep/er/probe.ts",
        "own/dist/fdw-stub.js",
        "own/sql/server/entrypoint.sh",
        "ddl/shop.sql",
        "types.sql",
        "base.sql",
        "shop.csv",
    ]) {
        write(file, `content of ${file}`);
    }
});

afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
});

function write(file: string, content: string): void {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), content);
}

function digest(configuration: ConfigurationInput = BASE): string {
    const own = ["own/dist/fdw-stub.js", "own/sql"].map((part) => join(directory, part));
    const project = programOf(directory).filter((path) => !OWN_PROGRAM.includes(path));
    return digestInputs(directory, parseConfiguration(configuration), [...own, ...project]);
}

describe("the digest of what a run reads", () => {
    test("is the same for the same", () => {
        expect(digest()).toBe(digest());
        expect(digest()).toMatch(/^[0-9a-f]{64}$/);
    });

    test.each([
        "index.ts",
        "package-lock.json",
        "components/server.ts",
        "components/deep/er/probe.ts",
        "own/dist/fdw-stub.js",
        "own/sql/server/entrypoint.sh",
        "ddl/shop.sql",
        "types.sql",
        "base.sql",
        "shop.csv",
    ])("changes with %s: changed, emptied, removed", (file) => {
        const seen = new Set([digest()]);
        for (const change of [
            () => write(file, "changed"),
            () => write(file, ""),
            () => rmSync(join(directory, file)),
        ]) {
            change();
            seen.add(digest());
        }
        expect(seen.size).toBe(4);
    });

    test("changes with every file of a schema that is a folder", () => {
        const configuration: ConfigurationInput = { schema: ["mine", "one.sql"] };
        write("mine/deep/a.sql", "a");
        write("one.sql", "one");
        const seen = new Set([digest(configuration)]);
        for (const file of ["mine/deep/a.sql", "mine/b.sql", "one.sql"]) {
            write(file, "changed");
            seen.add(digest(configuration));
        }
        write("other/c.sql", "no part of it");
        seen.add(digest(configuration));
        expect(seen.size).toBe(4);
    });

    test("changes with a new file of the program, and with a file that is moved", () => {
        const before = digest();
        write("components/more.ts", "");
        const more = digest();
        rmSync(join(directory, "components/more.ts"));
        expect(digest()).toBe(before);
        write("components/renamed.ts", "content of components/server.ts");
        rmSync(join(directory, "components/server.ts"));
        expect(new Set([before, more, digest()]).size).toBe(3);
    });

    test.each<[string, ConfigurationInput]>([
        ["image", { ...BASE, image: "postgres:17" }],
        ["port", { ...BASE, port: 5555 }],
        ["settings", { ...BASE, settings: { work_mem: "8MB" } }],
        ["dev database", { ...BASE, devDatabase: "atlas" }],
        ["dev user", { ...BASE, devUser: "me" }],
        ["another upstream", { upstreams: [UPSTREAM, { host: "b", database: "b" }] }],
        ["a host", { upstreams: [{ ...UPSTREAM, host: "other" }] }],
        ["a password", { upstreams: [{ ...UPSTREAM, users: [{ name: "u", password: "p" }] }] }],
        ["inline DDL", { upstreams: [{ ...UPSTREAM, ddl: "SELECT 1" }] }],
        ["the order of files", { upstreams: [{ ...UPSTREAM, ddlFiles: ["types.sql", "ddl/shop.sql"] }] }],
        ["a file of rows", { upstreams: [{ ...UPSTREAM, seed: ["rows.csv"] }] }],
        ["a seeded row", { upstreams: [{ ...UPSTREAM, tables: [{ name: "t", rows: [{}] }] }] }],
    ])("changes with the configuration: %s", (_, configuration) => {
        expect(digest(configuration)).not.toBe(digest());
    });

    test("a default that is written out is no change", () => {
        expect(digest({ ...BASE, image: "postgres:18", devDatabase: "dev" })).toBe(digest());
    });

    test.each(["README.md", "test/unit/x.test.ts", "cli/main.ts", "setup/engine.ts", "ddl/unused.sql", "bench/a.ts"])(
        "does not change with %s",
        (file) => {
            const before = digest();
            write(file, "whatever");
            expect(digest()).toBe(before);
        },
    );
});

describe("the fingerprint in the label", () => {
    test("depends on digest and password, and shows neither", () => {
        const values = [fingerprint("d", "p"), fingerprint("d", "q"), fingerprint("e", "p"), fingerprint("dp", "")];
        expect(new Set(values).size).toBe(values.length);
        expect(fingerprint("d", "p")).toBe(values[0]);
        for (const value of values) {
            expect(value).toMatch(/^[0-9a-f]{64}$/);
        }
    });
});
