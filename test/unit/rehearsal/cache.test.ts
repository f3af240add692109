import {
    chmodSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    utimesSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cacheFolder, cacheKey, keep, recall, recording } from "../../../rehearsal/cache";
import { readStatements } from "../../../schema";
import { nodeFileSystem } from "../../../schema/read/filesystem";
import type { Inference } from "../../../schema/report";

const RESULT: Inference = {
    upstreams: [
        {
            host: "h",
            port: 5432,
            database: "d",
            users: [{ name: "u", password: "p" }],
            extensions: [],
            ddl: [],
            tables: [],
        },
    ],
    origins: [],
    roles: [],
    findings: [],
    sources: [],
    files: [],
    contracts: [],
    contractFindings: [],
    compared: [],
    ran: { statements: 1, failed: 0 },
};
const KEY = cacheKey({ version: "1" });

let base: string;
let folder: string;
let schema: string;

beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "fdw-stub-cache-"));
    folder = join(base, "cache", "rehearsals");
    schema = join(base, "schema");
    mkdirSync(join(schema, "parts"), { recursive: true });
    writeFileSync(join(schema, "1.sql"), "SELECT 1;\n\\ir parts/a.psql\n");
    writeFileSync(join(schema, "2.sql"), "SELECT 2;");
    writeFileSync(join(schema, "parts", "a.psql"), "SELECT 3;");
});

afterEach(() => {
    rmSync(base, { recursive: true, force: true });
});

/** Reads the schema as a rehearsal does, and keeps a result of it. */
async function kept(result = RESULT): Promise<void> {
    const record = recording(nodeFileSystem);
    await readStatements([schema], {}, record.fileSystem);
    await keep(folder, KEY, await record.looks(), result);
}

const found = () => recall(folder, KEY, nodeFileSystem);
const file = () => join(folder, `${KEY}.json`);

describe("a kept result", () => {
    test("is found again, and was written for its owner only", async () => {
        await expect(found()).resolves.toBeUndefined();
        await kept();
        await expect(found()).resolves.toEqual(RESULT);
        expect(statSync(file()).mode & 0o777).toBe(0o600);
        expect(statSync(folder).mode & 0o777).toBe(0o700);
        expect(readdirSync(folder)).toEqual([`${KEY}.json`]);
    });

    test.each<[string, () => void]>([
        ["a changed file", () => writeFileSync(join(schema, "2.sql"), "SELECT 4;")],
        ["a file of the same length", () => writeFileSync(join(schema, "2.sql"), "SELECT 9;")],
        ["a changed included file", () => writeFileSync(join(schema, "parts", "a.psql"), "SELECT 4;")],
        ["a file more", () => writeFileSync(join(schema, "3.sql"), "")],
        ["a file less", () => rmSync(join(schema, "2.sql"))],
        [
            "a file that became a folder",
            () => {
                rmSync(join(schema, "2.sql"));
                mkdirSync(join(schema, "2.sql"));
            },
        ],
        ["the folder gone", () => rmSync(schema, { recursive: true })],
    ])("does not hold with %s", async (_name, change) => {
        await kept();
        change();
        await expect(found()).resolves.toBeUndefined();
    });

    test("does not hold when a file appears that was looked for and not there", async () => {
        rmSync(join(schema, "parts", "a.psql"));
        await kept();
        await expect(found()).resolves.toEqual(RESULT);
        writeFileSync(join(schema, "parts", "a.psql"), "SELECT 3;");
        await expect(found()).resolves.toBeUndefined();
    });

    test("holds whatever was only touched, or changed and changed back", async () => {
        await kept();
        utimesSync(join(schema, "2.sql"), new Date(0), new Date(0));
        writeFileSync(join(schema, "1.sql"), readFileSync(join(schema, "1.sql")));
        await expect(found()).resolves.toEqual(RESULT);
    });

    test.each<[string, (text: string) => string]>([
        ["cut off", (text) => text.slice(0, text.length / 2)],
        ["empty", () => ""],
        ["no JSON", () => "x"],
        ["of another format", (text) => text.replace(/"format":\d+/, '"format":0')],
        ["without looks", (text) => text.replace('"looks"', '"look"')],
        ["without a result", () => JSON.stringify({ format: 2, looks: [] })],
        ["null", () => "null"],
    ])("that is %s is none, and is written anew", async (_name, spoil) => {
        await kept();
        writeFileSync(file(), spoil(readFileSync(file(), "utf8")));
        await expect(found()).resolves.toBeUndefined();
        await kept();
        await expect(found()).resolves.toEqual(RESULT);
    });

    test("written by several at once is whole", async () => {
        const large = {
            ...RESULT,
            sources: Array.from({ length: 5000 }, (_, line) => ({ file: "x", line, sql: "SELECT 1" })),
        };
        await Promise.all(Array.from({ length: 8 }, (_, n) => kept(n % 2 === 0 ? RESULT : large)));
        const result = await found();
        expect([RESULT, large]).toContainEqual(result);
        expect(readdirSync(folder)).toEqual([`${KEY}.json`]);
    });

    test("opens no folder that was closed, and closes one that was open", async () => {
        mkdirSync(folder, { recursive: true, mode: 0o755 });
        chmodSync(folder, 0o755);
        await kept();
        expect(statSync(file()).mode & 0o777).toBe(0o600);
    });

    test("is not kept where the folder cannot be written, which is no error", async () => {
        writeFileSync(join(base, "cache"), "a file in the way");
        await expect(kept()).resolves.toBeUndefined();
        await expect(found()).resolves.toBeUndefined();
    });

    test("the least recently used go", async () => {
        await kept();
        for (let n = 0; n < 205; n += 1) {
            const other = join(folder, `${"0".repeat(20)}${n}.json`);
            writeFileSync(other, "{}");
            utimesSync(other, 1000 + n, 1000 + n);
        }
        utimesSync(file(), 10, 10);
        // Being used makes it young.
        await expect(found()).resolves.toEqual(RESULT);
        await keep(folder, cacheKey({ version: "2" }), [], RESULT);
        expect(readdirSync(folder)).toHaveLength(200);
        await expect(found()).resolves.toEqual(RESULT);
    });
});

describe("where and under which name", () => {
    test.each([
        [{ FDW_STUB_CACHE: "/x" }, "/x"],
        [{ XDG_CACHE_HOME: "/c" }, "/c/fdw-stub/rehearsals"],
        [{ FDW_STUB_CACHE: "", XDG_CACHE_HOME: "/c" }, "/c/fdw-stub/rehearsals"],
    ])("%j", (environment, expected) => {
        expect(cacheFolder(environment)).toBe(expected);
    });

    test("every part of the input counts", () => {
        const inputs = [{}, { a: 1 }, { a: "1" }, { b: 1 }, { a: [] }, { a: { b: 1 } }];
        expect(new Set(inputs.map(cacheKey)).size).toBe(inputs.length);
        expect(cacheKey({ a: 1 })).toMatch(/^[0-9a-f]{32}$/);
    });
});
