import { spawnSync } from "node:child_process";
import {
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    realpathSync,
    rmSync,
    statSync,
    symlinkSync,
    utimesSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");

let checkout: string;

function write(file: string, text: string): void {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    writeFileSync(join(checkout, file), text);
}

beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), "fdw-stub-build-"));
    cpSync(join(ROOT, "bin"), join(checkout, "bin"), { recursive: true });
    mkdirSync(join(checkout, "node_modules"));
    for (const name of ["esbuild", "@esbuild"]) {
        symlinkSync(join(ROOT, "node_modules", name), join(checkout, "node_modules", name));
    }
    write("package.json", "{}");
    write("cli/json-schema.ts", "console.log('{}');");
    write("components/index.ts", "export const library = true;");
    write("index.ts", 'import { library } from "./components"; export const output = { library };');
    write("upstreams/word.ts", 'export const word: string = "first";');
    write(
        "cli/main.ts",
        `import { word } from "../upstreams/word";
         export async function main(argv: string[]): Promise<void> {
            console.log(word, argv.slice(2).join(" "));
         }`,
    );
});
afterEach(() => {
    rmSync(checkout, { recursive: true, force: true });
});

function run() {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(checkout, "bin", "fdw-stub.js"), "a", "b"], {
        encoding: "utf8",
    });
    return { status, text: `${stdout}${stderr}`.trim() };
}
const built = () => statSync(join(checkout, "dist", "fdw-stub.js")).mtimeMs;

describe("the command in a checkout", () => {
    test("is built when it is first needed, and not again while nothing changes", () => {
        expect(run()).toEqual({ status: 0, text: "first a b" });
        const before = built();
        expect(run()).toEqual({ status: 0, text: "first a b" });
        expect(built()).toBe(before);
        expect(readdirSync(join(checkout, "dist")).sort()).toEqual([
            "build.json",
            "fdw-stub.js",
            "fdw-stub.js.map",
            "fdw-stub.schema.json",
            "index.js",
            "index.js.map",
            "program.js",
            "program.js.map",
        ]);
    });

    test("is never older than its sources, even where their time says so", () => {
        run();
        write("upstreams/word.ts", 'export const word = "other";');
        utimesSync(join(checkout, "upstreams", "word.ts"), 1, 1);
        expect(run().text).toBe("other a b");
        write("upstreams/word.ts", 'export const word: string = "first";');
        expect(run().text).toBe("first a b");
    });

    test("is built anew where the library or the dependencies changed", () => {
        for (const [file, text] of [
            ["components/index.ts", "export const library = false;"],
            ["package-lock.json", "{}"],
        ] as const) {
            run();
            const before = readFileSync(join(checkout, "dist", "build.json"), "utf8");
            write(file, text);
            run();
            expect(readFileSync(join(checkout, "dist", "build.json"), "utf8")).not.toBe(before);
        }
    });

    test("says so where it cannot be built, and runs nothing that is stale", () => {
        run();
        write("upstreams/word.ts", "export const word = ;");
        const { status, text } = run();
        expect(status).toBe(1);
        expect(text).toMatch(/upstreams[/\\]word\.ts:1/);
        expect(text).toContain("cannot be built as it is");
        expect(text).not.toContain("first");
    });

    test("says so where what builds it is not installed", () => {
        run();
        rmSync(join(checkout, "node_modules", "esbuild"));
        expect(run().text).toBe("first a b");
        write("upstreams/word.ts", 'export const word = "other";');
        expect(run()).toEqual({ status: 1, text: expect.stringContaining("Run `npm ci`") });
    });
});

test("Pulumi runs the program as it stands in the checkout, by its path or the folder's", () => {
    const program = (path: string) =>
        spawnSync(
            process.execPath,
            ["--require", "./bin/pulumi.js", "--eval", `console.log(JSON.stringify(require(${JSON.stringify(path)})))`],
            { cwd: checkout, encoding: "utf8" },
        );
    const file = join(realpathSync(checkout), "index.ts");
    expect(JSON.parse(program(file).stdout)).toEqual({ output: { library: true } });
    write("components/index.ts", "export const library: number = 2;");
    for (const path of [file, dirname(file), `${dirname(file)}/`]) {
        expect(JSON.parse(program(path).stdout)).toEqual({ output: { library: 2 } });
    }
    write("index.ts", "export const output = ;");
    expect(program(file)).toMatchObject({ status: 1, stderr: expect.stringContaining("cannot be built as it is") });
});

test("a package, which has no builder, runs what it came with", () => {
    run();
    rmSync(join(checkout, "bin", "build.js"));
    write("upstreams/word.ts", 'export const word = "other";');
    expect(run().text).toBe("first a b");
    expect(existsSync(join(checkout, "dist", "build.json"))).toBe(true);
});
