import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readConfiguration } from "../../../components/config";
import { deriveFromSchema } from "../../../components/derive";
import { declare } from "../../../components/prepare";
import { InputError } from "../../../upstreams/errors";
import { CONFIGURATION_KEYS } from "../../../upstreams/parse";

const ROOT = join(__dirname, "..", "..", "..");
const UPSTREAMS = JSON.stringify([{ host: "h", database: "d" }]);
const read = (own: Record<string, string>, others: Record<string, string> = {}) =>
    readConfiguration(
        { ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`fdw-stub:${key}`, value])), ...others },
        "fdw-stub",
    );

describe("readConfiguration", () => {
    test("reads structured values as JSON, and text as it is", () => {
        const configuration = read({
            upstreams: UPSTREAMS,
            port: "25432",
            settings: '{"work_mem":"64MB","max_connections":50}',
            image: "postgres:17",
            devDatabase: "1234",
            devUser: "true",
        });
        expect(configuration).toMatchObject({
            upstreams: [{ host: "h", database: "d" }],
            port: 25432,
            settings: { work_mem: "64MB", max_connections: "50" },
            image: "postgres:17",
            devDatabase: "1234",
            devUser: "true",
        });
    });

    test("leaves other namespaces alone, those that begin alike too", () => {
        const others = { "aws:region": "x", "fdw-stub2:port": "y", "fdw:port": "z", pulumi: "w" };
        expect(read({ upstreams: UPSTREAMS }, others).upstreams).toHaveLength(1);
    });

    test("goes by the project's name, whatever it is", () => {
        expect(readConfiguration({ "my-app:upstreams": UPSTREAMS }, "my-app").upstreams).toHaveLength(1);
        expect(() => readConfiguration({ "other:upstreams": UPSTREAMS }, "my-app")).toThrow("no upstream is declared");
    });

    test("takes lines as they are printed in every project, whose own come first", () => {
        const printed = { "fdw-stub:upstreams": UPSTREAMS, "fdw-stub:port": "1" };
        expect(readConfiguration({ "my-app:port": "2", ...printed }, "my-app")).toMatchObject({
            upstreams: [{ host: "h" }],
            port: 2,
        });
    });

    test("without anything says that an upstream is missing", () => {
        expect(() => read({})).toThrow(
            new InputError(
                "The configuration cannot be used: upstreams: no upstream is declared; give at least one, with its host and database, or set schema to the files of your schema, from which they are derived.",
            ),
        );
    });

    test.each<[Record<string, string>, string]>([
        [
            { upstreams: UPSTREAMS, upstream: "[]" },
            `The configuration cannot be used: fdw-stub:upstream is unknown; known are ${CONFIGURATION_KEYS.join(", ")}. Check the spelling, or remove it: pulumi config rm upstream`,
        ],
        [
            { upstreams: UPSTREAMS, port: "http" },
            'The configuration cannot be used: port: must be a number, but is text: "http".',
        ],
        [
            { upstreams: UPSTREAMS, port: '"5433"' },
            'The configuration cannot be used: port: must be a number, but is text: "5433". Write it without quotes.',
        ],
        [{ upstreams: "upstream_db" }, "The configuration cannot be used: upstreams: must be a list, but is text."],
        [
            { upstreams: UPSTREAMS, settings: "[" },
            "The configuration cannot be used: settings: must be a mapping of keys to values, but is text.",
        ],
        [
            { upstreams: UPSTREAMS, image: "" },
            'The configuration cannot be used: image: the image is empty; write for example "postgres:18".',
        ],
    ])("refuses %j", (own, message) => {
        expect(() => read(own)).toThrow(new InputError(message));
    });

    test("names every unknown key", () => {
        expect(() => read({ upstreams: UPSTREAMS, a: "1", b: "2" })).toThrow(
            /2 problems\n {2}- fdw-stub:a is unknown.*\n {2}- fdw-stub:b/,
        );
    });

    test("shows nothing of upstreams that are broken JSON: they may hold passwords", () => {
        expect(() => read({ upstreams: '[{"password":"hunter2"' })).toThrow(/^(?!.*hunter2)/s);
    });
});

describe("files that the configuration names", () => {
    test.each<[string, Record<string, string>, string]>([
        [
            "a baseline that does not exist",
            { upstreams: UPSTREAMS, baseline: '["no.sql"]' },
            'baseline: the file "no.sql" cannot be read (ENOENT',
        ],
        [
            "a baseline that is a folder",
            { upstreams: UPSTREAMS, baseline: '["sql"]' },
            'baseline: the file "sql" cannot be read (EISDIR',
        ],
        [
            "DDL that does not exist",
            { upstreams: '[{"database":"d","ddlFiles":["no.sql"]}]' },
            'upstreams[0].ddlFiles: the file "no.sql" cannot be read (ENOENT',
        ],
    ])("%s is named", async (_name, own, message) => {
        const made = deriveFromSchema(read(own), ROOT).then(({ args }) => declare(args, ROOT));
        await expect(made).rejects.toThrow(InputError);
        await expect(made).rejects.toThrow(message);
    });
});

describe("the project's own files", () => {
    const root = join(__dirname, "..", "..", "..");
    const yaml = (name: string): { config: Record<string, unknown> } => parse(readFileSync(join(root, name), "utf8"));

    test("declare only keys that are known, with the defaults that the program has", () => {
        const { config } = yaml("Pulumi.yaml");
        // The list of upstreams itself is what a program must be given something for.
        const defaults = { ...read({ upstreams: UPSTREAMS }), upstreams: [] };
        for (const [key, declared] of Object.entries(config)) {
            expect(CONFIGURATION_KEYS).toContain(key);
            expect(declared).toHaveProperty("description");
            if (typeof declared === "object" && declared !== null && "default" in declared) {
                expect(Reflect.get(defaults, key)).toEqual(declared.default);
            }
        }
    });

    test("have an example that works", async () => {
        const { config } = yaml("Pulumi.dev.yaml");
        const flat = Object.entries(config).map(([key, value]): [string, string] => [
            key,
            typeof value === "string" ? value : JSON.stringify(value),
        ]);
        const configuration = readConfiguration(Object.fromEntries(flat), "fdw-stub");
        const { args, warnings } = await deriveFromSchema(configuration, ROOT);
        expect(warnings).toEqual([]);
        expect(args.upstreams).toMatchObject([
            {
                host: "upstream_db",
                database: "upstream_db",
                users: [{ name: "reader", password: "reader" }],
                tables: [{ schema: "public", name: "events", columns: [{ name: "id", type: "bigint" }] }],
            },
        ]);
    });
});
