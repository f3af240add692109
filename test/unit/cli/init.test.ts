import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { init } from "../../../cli/init";
import { lookAround } from "../../../cli/look-around";
import { readProjectStack } from "../../../standalone/project";
import { InputError } from "../../../upstreams/errors";

const EXAMPLES = join(__dirname, "..", "..", "..", "examples", "schemas");
const SERVER = "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h');";

let root: string;

beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "fdw-stub-init-"));
});
afterEach(() => {
    rmSync(root, { recursive: true, force: true });
});

function write(file: string, text = "SELECT 1;"): void {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
}

describe("what is there", () => {
    test.each([
        ["flyway", "db/migration", "flyway", ["legacy"]],
        ["golang-migrate", ".", "golang-migrate", ["usage_server"]],
        ["liquibase", "db.changelog-master.yaml", "liquibase", ["catalogue"]],
        ["rails-structure", "db/structure.sql", "plain", ["primary_replica"]],
        ["sqitch", ".", "sqitch", ["bank"]],
        ["atlas-migrations", ".", "atlas", ["audit"]],
    ])("%s", async (example, path, tool, servers) => {
        cpSync(join(EXAMPLES, example), root, { recursive: true });
        const { candidates } = await lookAround(root);
        expect(candidates).toHaveLength(1);
        expect(candidates[0]).toMatchObject({ path, tool, servers, connects: true });
    });

    test("of several, those that connect come first, and tests and dependencies are left out", async () => {
        write("a/1.sql");
        write("a/2.sql");
        write("z/1.sql", SERVER);
        write("y/1.sql", "SELECT * FROM dblink('host=h', 'SELECT 1') AS t (a int);");
        for (const folder of ["node_modules/x", "test/x", ".hidden", "vendor", "examples/1"]) {
            write(`${folder}/1.sql`, SERVER);
        }
        const { candidates } = await lookAround(root);
        expect(candidates.map(({ path, servers, connects }) => [path, servers, connects])).toEqual([
            ["y", [], true],
            ["z", ["far"], true],
            ["a", [], false],
        ]);
    });

    test("names as they are quoted, each once, and none of a comment", async () => {
        write("1.sql", `-- CREATE SERVER not_this\nCREATE SERVER "Far ""away" X;\n${SERVER}\n${SERVER}`);
        const { candidates } = await lookAround(root);
        expect(candidates[0]?.servers).toEqual(['Far "away', "far"]);
    });

    test("nothing", async () => {
        expect(await lookAround(root)).toEqual({ candidates: [], atlas: [] });
    });
});

describe("init", () => {
    test("writes what was found, so that it can be read, and says what to do next", async () => {
        write("db/migrations/1.sql", SERVER);
        write("other/1.sql", SERVER);
        write("infra/atlas.hcl", "");
        const text = await init(root);
        expect(text).toMatch(/db\/migrations: 1 file, foreign server far/);
        expect(text).toContain("npx fdw-stub up");
        expect(text).toContain("npx fdw-stub atlas   # what to add to infra/atlas.hcl");
        expect(readProjectStack(root, "dev").configuration).toEqual({ "fdw-stub:schema": '["db/migrations"]' });
        const written = readFileSync(join(root, "fdw-stub.yaml"), "utf8");
        expect(written).toContain("#   - other");
        // Every key that is shown as a comment is one that exists.
        const shown = [...written.matchAll(/^# (\w+): (\S.*)$/gm)].map(([, key, value]) => `${key}: ${value}`);
        writeFileSync(join(root, "fdw-stub.yaml"), shown.filter((line) => !line.startsWith("yaml")).join("\n"));
        expect(() => readProjectStack(root, "dev")).not.toThrow();
        expect(Object.keys(parse(readFileSync(join(root, "fdw-stub.yaml"), "utf8")))).toContain("baseline");
    });

    test("names the JSON schema beside the command where it is installed", async () => {
        write("node_modules/fdw-stub/dist/fdw-stub.schema.json", "{}");
        await init(root);
        expect(readFileSync(join(root, "fdw-stub.yaml"), "utf8")).toContain(
            "$schema=./node_modules/fdw-stub/dist/fdw-stub.schema.json",
        );
    });

    test("leaves an existing file as it is", async () => {
        write("fdw-stub.yaml", "port: 1");
        await expect(init(root)).rejects.toThrow(InputError);
        expect(readFileSync(join(root, "fdw-stub.yaml"), "utf8")).toBe("port: 1");
    });

    test("in an empty folder leaves a file to fill in, and says so in a Pulumi project", async () => {
        write("Pulumi.yaml", "name: p");
        const text = await init(root);
        expect(text).toContain("Found no SQL files");
        expect(text).toContain("`pulumi up` goes by Pulumi's own");
        expect(existsSync(join(root, "fdw-stub.yaml"))).toBe(true);
        expect(readdirSync(root).sort()).toEqual(["Pulumi.yaml", "fdw-stub.yaml"]);
    });
});
