// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what HCL would evaluate is what is tested
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
    ATLAS_FILE,
    type AtlasLayout,
    atlasConfiguration,
    findLayout,
    writeAtlasConfiguration,
} from "../../../cli/atlas";
import { InputError } from "../../../upstreams/errors";

const NO_DESIRED: AtlasLayout = { migrations: "migrations" };

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fdw-stub-atlas-"));
});
afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
});

describe("the layout of a service", () => {
    test.each<[string, string[], string | undefined, AtlasLayout]>([
        ["nothing yet", [], undefined, NO_DESIRED],
        [
            "a file",
            ["schema.sql"],
            undefined,
            { desired: { path: "schema.sql", kind: "file" }, migrations: "migrations" },
        ],
        [
            "a file before a folder, and migrations beside it",
            ["db/schema.sql", "schema/a.sql", "db/migrations/1.sql"],
            undefined,
            { desired: { path: "db/schema.sql", kind: "file" }, migrations: "db/migrations" },
        ],
        [
            "a folder, with SQL somewhere below it",
            ["schema/tables/a.sql"],
            undefined,
            { desired: { path: "schema", kind: "folder" }, migrations: "migrations" },
        ],
        ["a folder without SQL is none", ["schema/types.ts"], undefined, NO_DESIRED],
        [
            "what is given wins",
            ["schema.sql", "structure/a.sql"],
            "structure/",
            { desired: { path: "structure", kind: "folder" }, migrations: "migrations" },
        ],
    ])("%s", (_, files, given, expected) => {
        for (const file of files) {
            mkdirSync(dirname(join(folder, file)), { recursive: true });
            writeFileSync(join(folder, file), "");
        }
        expect(findLayout(folder, given)).toEqual(expected);
    });

    test.each([
        ["nope.sql", '--desired "nope.sql" does not exist.'],
        [".", '--desired "." holds no .sql file.'],
    ])("%s, when it is given, is refused", (given, message) => {
        expect(() => findLayout(folder, given)).toThrow(InputError);
        expect(() => findLayout(folder, given)).toThrow(message);
    });
});

describe("the text", () => {
    test("says how the environment is set, for the stack that was named", () => {
        expect(atlasConfiguration("dev", NO_DESIRED)).toContain('eval "$(npx fdw-stub env)"\n');
        expect(atlasConfiguration("ci-1", NO_DESIRED)).toContain('eval "$(npx fdw-stub env --stack ci-1)"\n');
    });

    test.each(["a\nb", "a b", "$(id)", "", "-x"])("refuses the stack %j, which would stand in it", (stack) => {
        expect(() => atlasConfiguration(stack, NO_DESIRED)).toThrow(InputError);
    });

    test("without a desired schema there is no src, and a word on how to get one", () => {
        const text = atlasConfiguration("dev", NO_DESIRED);
        expect(text).not.toMatch(/^ *src\b|plan_databases/m);
        expect(text).toContain("fdw-stub atlas --desired PATH");
    });

    test.each<[string, NonNullable<AtlasLayout["desired"]>, string]>([
        ["a file", { path: "schema.sql", kind: "file" }, 'args  = [file("schema.sql")]'],
        ["a folder", { path: "db/schema", kind: "folder" }, 'fileset("db/schema/**/*.sql")'],
        ["a path that HCL would evaluate", { path: 'a "${b}" %{c}', kind: "file" }, 'file("a \\"$${b}\\" %%{c}")'],
        ["a path that is no pattern", { path: "a[1]*", kind: "folder" }, 'fileset("a\\\\[1\\\\]\\\\*/**/*.sql")'],
    ])("names %s", (_, desired, expected) => {
        const text = atlasConfiguration("dev", { desired, migrations: "db/migrations" });
        expect(text).toContain(expected);
        expect(text).toContain('dir = "file://db/migrations"');
        expect(text).toMatch(/^ {2}src = urlsetpath/m);
    });
});

describe("the file", () => {
    test("is what was given", () => {
        writeAtlasConfiguration("mine", folder);
        expect(readFileSync(join(folder, ATLAS_FILE), "utf8")).toBe("mine");
    });

    test("is left as it is when it exists", () => {
        const file = join(folder, ATLAS_FILE);
        writeFileSync(file, "mine");
        expect(() => writeAtlasConfiguration("other", folder)).toThrow(
            "atlas.hcl exists already and is left as it is.",
        );
        expect(readFileSync(file, "utf8")).toBe("mine");
    });

    test("cannot be written to a folder that is not there", () => {
        const missing = join(folder, "missing");
        expect(() => writeAtlasConfiguration("x", missing)).toThrow(
            `atlas.hcl cannot be written to ${missing}: ENOENT`,
        );
    });
});
