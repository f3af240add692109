// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of shell templates are what is tested
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readDesired, variablesOf } from "../../../cli/desired";

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fdw-stub-desired-"));
});
afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
}

describe("the statements", () => {
    test("have their places, and placeholders their values", async () => {
        const path = write("schema.sql", "-- first\nCREATE SCHEMA ${NAME};\nSELECT ${OTHER};\n");
        await expect(readDesired([path], { NAME: "app", OTHER: "1" })).resolves.toEqual([
            { origin: path, line: 2, sql: "CREATE SCHEMA app" },
            { origin: path, line: 3, sql: "SELECT 1" },
        ]);
    });

    test.each([
        [
            "what is no SQL",
            "CREATE TABLE a ();\nCREATE TABL b ();",
            /the schema cannot be read whole.*\n.*schema\.sql:2: /,
        ],
        ["a file that is not there", "\\i nope.sql\nSELECT 1;", /cannot be read whole.*\n.*nope\.sql: no such file/],
        ["generated statements", "SELECT 'CREATE TABLE a ()' \\gexec\nSELECT 1;", /cannot be read whole/],
        ["nothing", "-- nothing yet\n", /there is no statement in .*would drop everything/],
    ])("%s is one error, because a plan for the rest would drop things", async (_, text, message) => {
        await expect(readDesired([write("schema.sql", text)], {})).rejects.toThrow(message);
    });

    test("a path that does not exist is named", async () => {
        await expect(readDesired([join(folder, "nope")], {})).rejects.toThrow(/--desired: .*nope does not exist\./);
    });
});

describe("variables", () => {
    const told: string[] = [];
    const tell = (text: string) => told.push(text);
    beforeEach(() => {
        told.length = 0;
        write("Pulumi.yaml", "name: service\nruntime: nodejs\n");
    });

    test("come from the stack, and what is given wins", () => {
        write("Pulumi.dev.yaml", "config:\n  service:schema: [a.sql]\n  service:variables: { A: '1', B: '2' }\n");
        expect(variablesOf({ stack: "dev", cwd: folder }, ["x.sql"], ["B=3"], tell)).toEqual({ A: "1", B: "3" });
        expect(told).toEqual([]);
    });

    test("a stack without a file has none", () => {
        expect(variablesOf({ stack: "other", cwd: folder }, ["x.sql"], ["B=a=b"], tell)).toEqual({ B: "a=b" });
        expect(told).toEqual([]);
    });

    test("a configuration that only Pulumi can read is a warning", () => {
        write("Pulumi.dev.yaml", "config:\n  service:variables:\n    secure: AAAB\n");
        expect(variablesOf({ stack: "dev", cwd: folder }, ["x.sql"], [], tell)).toEqual({});
        expect(told).toEqual([expect.stringMatching(/only the values that --var gives: .*is encrypted/)]);
    });

    test("what is no assignment is refused", () => {
        expect(() => variablesOf({ stack: "dev", cwd: folder }, ["x.sql"], ["B"], tell)).toThrow(
            "write it as NAME=VALUE",
        );
    });
});
