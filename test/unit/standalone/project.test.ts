import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { jsonSchema } from "../../../standalone/config-file";
import { identify, readProjectStack } from "../../../standalone/project";
import { InputError } from "../../../upstreams/errors";
import { CONFIGURATION_KEYS } from "../../../upstreams/parse";

let directory: string;

beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "fdw-stub-project-")));
});

afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
});

function write(file: string, content: string): void {
    writeFileSync(join(directory, file), content);
}

/** The configuration of the stack `dev` for these two files. */
function read(project: string, stack: string): Readonly<Record<string, string>> {
    write("Pulumi.yaml", project);
    write("Pulumi.dev.yaml", stack);
    return readProjectStack(directory, "dev").configuration;
}

/** The message with which something is refused. Anything but a mistake of the user's fails the test. */
function refusal(work: () => unknown): string {
    try {
        work();
    } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        return error instanceof Error ? error.message : "";
    }
    throw new Error("It was not refused.");
}

describe("configuration of a Pulumi project", () => {
    const TYPED = `
name: p
runtime: nodejs
config:
    image: { type: string, default: "postgres:18" }
    upstreams: { type: array, items: { type: object } }
`;

    test.each<[string, string, string, Record<string, string>]>([
        ["a declared default", TYPED, "config: {}", { "p:image": "postgres:18" }],
        ["a key without default", TYPED, "config: {}", { "p:image": "postgres:18" }],
        ["the stack's own value wins", TYPED, "config: { p:image: 'postgres:17' }", { "p:image": "postgres:17" }],
        ["an empty stack file", TYPED, "", { "p:image": "postgres:18" }],
        ["a stack file of comments", TYPED, "# nothing yet\n", { "p:image": "postgres:18" }],
        ["a stack file with an empty block", TYPED, "config:\n", { "p:image": "postgres:18" }],
        ["no config block at all", "name: p\nruntime: nodejs\n", "config: { p:port: 1 }", { "p:port": "1" }],
        ["an empty config block", "name: p\nconfig:\n", "config: { p:a: b }", { "p:a": "b" }],
        ["a plain value in the project", "name: p\nconfig: { image: x }", "", { "p:image": "x" }],
        ["a list in the project", "name: p\nconfig: { list: [1, a] }", "", { "p:list": '[1,"a"]' }],
        ["`value` rather than `default`", "name: p\nconfig: { a: { value: 1, default: 2 } }", "", { "p:a": "1" }],
        ["`value: false`", "name: p\nconfig: { a: { value: false } }", "", { "p:a": "false" }],
        ["another package's key in the project", "name: p\nconfig: { 'docker:host': h }", "", { "docker:host": "h" }],
        ["another package's key in the stack", "name: p", "config: { docker:host: h }", { "docker:host": "h" }],
        ["a key without a package", "name: p", "config: { image: i }", { "p:image": "i" }],
        [
            "structured values become JSON",
            "name: p",
            "config: { p:a: { b: [1, x, null] } }",
            { "p:a": '{"b":[1,"x",null]}' },
        ],
        [
            "text stays text",
            "name: p",
            "config: { p:a: '1', p:b: 'true', p:c: '[1]' }",
            { "p:a": "1", "p:b": "true", "p:c": "[1]" },
        ],
        ["numbers and truth values", "name: p", "config: { p:a: 5433, p:b: true }", { "p:a": "5433", "p:b": "true" }],
        [
            "the salt of encrypted values is no value",
            "name: p",
            "encryptionsalt: v1:x\nconfig: { p:a: b }",
            { "p:a": "b" },
        ],
    ])("%s", (_, project, stack, expected) => {
        expect(read(project, stack)).toEqual(expected);
    });

    test.each([
        ["a value", "config: { p:a: { secure: v1:cipher } }"],
        ["deep in a mapping", "config: { p:a: { b: { c: { secure: v1:cipher } } } }"],
        ["in a list", "config: { p:a: [ok, { password: { secure: v1:cipher } }] }"],
    ])("an encrypted value is refused, and not shown: %s", (_, stack) => {
        const message = refusal(() => read("name: p", stack));
        expect(message).toContain("Pulumi.dev.yaml: p:a is encrypted");
        expect(message).toContain("`pulumi up`");
        expect(message).not.toContain("cipher");
    });

    test("all encrypted keys are named at once", () => {
        const stack = "config: { p:a: { secure: v1:x }, p:b: open, p:c: [{ secure: v1:y }] }";
        expect(refusal(() => read("name: p", stack))).toContain("p:a, p:c is encrypted");
    });
});

describe("files", () => {
    test.each([
        [["Pulumi.staging.yaml", "Pulumi.a.b.yml"], /there are: .*\bstaging\b/],
        [["Pulumi.staging.yaml", "Pulumi.a.b.yml"], /there are: .*\ba\.b\b/],
        [["Pulumi.notyaml", "notPulumi.x.yaml"], /there is none yet/],
        [[], /there is none yet/],
    ])("a stack without a file lists those that have one: %j", (files, expected) => {
        write("Pulumi.yaml", "name: p");
        for (const file of files) {
            write(file, "");
        }
        const message = refusal(() => readProjectStack(directory, "dev"));
        expect(message).toMatch(expected);
        expect(message).toContain("Pulumi.dev.yaml is missing");
    });

    test.each([
        ["no YAML", "a: [1", /Pulumi\.yaml is no YAML: .+/s],
        ["a list", "[1, 2]", /Pulumi\.yaml has not the form of a Pulumi file/],
        ["text", "just text", /Pulumi\.yaml has not the form of a Pulumi file/],
        ["nothing", "", /Pulumi\.yaml has not the form of a Pulumi file/],
        ["no name", "runtime: nodejs", /has not the form of a Pulumi file: .*name/s],
        ["an empty name", "name: ''", /has not the form of a Pulumi file: .*name/s],
        ["config as a list", "name: p\nconfig: [1]", /has not the form of a Pulumi file: .*config/s],
    ])("a project file that is no good: %s", (_, content, expected) => {
        write("Pulumi.dev.yaml", "");
        write("Pulumi.yaml", content);
        expect(refusal(() => readProjectStack(directory, "dev"))).toMatch(expected);
    });

    test.each([
        ["no YAML", "config: {", /Pulumi\.dev\.yaml is no YAML/],
        ["a duplicate key", "config: { a: 1, a: 2 }", /Pulumi\.dev\.yaml is no YAML: .*unique/is],
        ["a list", "[1]", /Pulumi\.dev\.yaml has not the form of a Pulumi file/],
        ["config as text", "config: yes please", /Pulumi\.dev\.yaml has not the form of a Pulumi file: .*config/s],
    ])("a stack file that is no good: %s", (_, content, expected) => {
        write("Pulumi.yaml", "name: p");
        write("Pulumi.dev.yaml", content);
        expect(refusal(() => readProjectStack(directory, "dev"))).toMatch(expected);
    });

    test("a folder without any belongs to the command itself, and has nothing to stub yet", () => {
        expect(identify(directory, "dev")).toEqual({
            directory,
            project: "fdw-stub",
            stack: "dev",
            component: "fdw-stub",
        });
        const message = refusal(() => readProjectStack(directory, "dev"));
        expect(message).toContain(`${directory} has no fdw-stub.yaml`);
        expect(message).toContain("npx fdw-stub init");
    });

    test("a project file that is a folder", () => {
        mkdirSync(join(directory, "Pulumi.yaml"));
        expect(refusal(() => identify(directory, "dev"))).toMatch(/Pulumi\.yaml cannot be read: EISDIR/);
    });
});

describe("fdw-stub.yaml", () => {
    const own = (text: string, stack = "dev") => {
        write("fdw-stub.yaml", text);
        return readProjectStack(directory, stack).configuration;
    };

    test.each<[string, string, Record<string, string>]>([
        ["keys without a prefix", "schema: [db]\nport: 5433", { "fdw-stub:schema": '["db"]', "fdw-stub:port": "5433" }],
        ["one path as text", "schema: db", { "fdw-stub:schema": "db" }],
        ["an empty file", "", {}],
        ["a file of comments", "# nothing yet", {}],
        [
            "the stack's own keys over the others",
            "image: postgres:18\nport: 1\nstacks: {dev: {image: 'postgres:17'}, ci: {port: 2}}",
            { "fdw-stub:image": "postgres:17", "fdw-stub:port": "1" },
        ],
        ["a stack that is not named", "port: 1\nstacks: {ci: {port: 2}}", { "fdw-stub:port": "1" }],
        ["an empty list of stacks", "port: 1\nstacks:", { "fdw-stub:port": "1" }],
        ["a stack without differences", "port: 1\nstacks: {dev: }", { "fdw-stub:port": "1" }],
        [
            "lines as they are printed",
            "fdw-stub:port: 1\nstacks: {dev: {fdw-stub:devUser: me}}",
            { "fdw-stub:port": "1", "fdw-stub:devUser": "me" },
        ],
    ])("%s", (_, text, expected) => {
        expect(own(text)).toEqual(expected);
    });

    test.each<[string, string, RegExp]>([
        ["no YAML", "a: [1", /fdw-stub\.yaml is no YAML/],
        ["a list", "[1]", /fdw-stub\.yaml has not the form of a configuration of fdw-stub/],
        ["an unknown key", "schemas: [db]", /schemas is unknown; known are .*schema.*, and stacks/],
        ["an unknown key as it is printed", "fdw-stub:schemas: [db]", /schemas is unknown/],
        [
            "a key with and without a prefix",
            "fdw-stub:schema: db\nschema: db",
            /schema is there twice, with and without fdw-stub:\. Put what they say under one of them/,
        ],
        ["an unknown key of another stack", "stacks: {ci: {ports: 1}}", /stacks\.ci\.ports is unknown/],
        ["stacks as a list", "stacks: [ci]", /stacks: must be a mapping/],
    ])("refuses %s", (_, text, expected) => {
        expect(refusal(() => own(text))).toMatch(expected);
    });

    test("counts before Pulumi's files beside it", () => {
        write("Pulumi.yaml", "name: infra\nconfig: {port: 9}");
        expect(own("port: 1")).toEqual({ "fdw-stub:port": "1" });
        expect(identify(directory, "dev").project).toBe("fdw-stub");
    });

    test("takes schema and variables from the command line", () => {
        write("fdw-stub.yaml", "schema: [db]\nvariables: {A: 1, B: 2}");
        expect(
            readProjectStack(directory, "dev", { schema: [join(directory, "x")], variables: { B: "3" } }).configuration,
        ).toEqual({ "fdw-stub:schema": '["x"]', "fdw-stub:variables": '{"A":1,"B":"3"}' });
        rmSync(join(directory, "fdw-stub.yaml"));
        const bare = readProjectStack(directory, "dev", { schema: [directory], variables: { A: "1" } });
        expect(bare.configuration).toEqual({ "fdw-stub:schema": '["."]', "fdw-stub:variables": '{"A":"1"}' });
    });

    test("leaves variables that are no mapping to the check of the configuration", () => {
        write("fdw-stub.yaml", "variables: [a]");
        expect(readProjectStack(directory, "dev", { variables: { A: "1" } }).configuration).toEqual({
            "fdw-stub:variables": '["a"]',
        });
    });
});

describe("the JSON schema of fdw-stub.yaml", () => {
    const shape = z.object({
        properties: z.record(z.string(), z.looseObject({ description: z.string().min(10) })),
        additionalProperties: z.literal(false),
    });

    test("has every key, each with what it means, and nothing else", () => {
        const { properties } = shape.parse(jsonSchema());
        expect(Object.keys(properties).sort()).toEqual([...CONFIGURATION_KEYS, "stacks"].sort());
        const { stacks } = z.object({ stacks: z.object({ additionalProperties: shape }) }).parse(properties);
        expect(Object.keys(stacks.additionalProperties.properties).sort()).toEqual([...CONFIGURATION_KEYS].sort());
    });
});

describe("identity", () => {
    test("holds the real path of the folder, so that a link to it is the same stack", () => {
        write("Pulumi.yaml", "name: my-project");
        const link = `${directory}-link`;
        symlinkSync(directory, link);
        try {
            const expected = { directory, project: "my-project", stack: "dev", component: "fdw-stub" };
            expect(identify(directory, "dev")).toEqual(expected);
            expect(identify(link, "dev")).toEqual(expected);
        } finally {
            rmSync(link);
        }
    });

    test.each(["dev", "a", "0", "feature-1_x.y", "A".repeat(100)])("takes the stack name %j", (stack) => {
        write("Pulumi.yaml", "name: p");
        expect(identify(directory, stack).stack).toBe(stack);
    });

    test.each(["", " ", "-x", ".x", "_x", "a b", "a/b", "../x", "org/project/dev", "é", "a\nb", "A".repeat(101)])(
        "refuses the stack name %j, whatever files there are",
        (stack) => {
            write("Pulumi.yaml", "name: p");
            expect(refusal(() => identify(directory, stack))).toContain(
                `${JSON.stringify(stack)} is no name of a stack`,
            );
            expect(refusal(() => readProjectStack(directory, stack))).toContain("is no name of a stack");
        },
    );
});
