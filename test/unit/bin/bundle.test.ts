import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");
const NEEDED = ["esbuild", "@esbuild", "tsx", "get-tsconfig", "resolve-pkg-maps"];

let folder: string;
let checkout: string;

/** A checkout with a command of its own; `node_modules` is that of all checkouts of a test. */
function newCheckout(name: string): string {
    const made = join(folder, name);
    mkdirSync(join(made, "cli"), { recursive: true });
    mkdirSync(join(made, "upstreams"));
    cpSync(join(ROOT, "bin"), join(made, "bin"), { recursive: true });
    cpSync(join(ROOT, "tsconfig.json"), join(made, "tsconfig.json"));
    writeFileSync(join(made, "package-lock.json"), "{}");
    writeFileSync(
        join(made, "cli", "main.ts"),
        `import { basename, join } from "node:path";
         import { word } from "../upstreams/word";
         export async function main(argv: string[]): Promise<void> {
            console.log(word, argv.slice(2).join(" "), basename(join(__dirname, "..")));
         }`,
    );
    writeFileSync(join(made, "upstreams", "word.ts"), 'export const word: string = "first";');
    symlinkSync(join(folder, "node_modules"), join(made, "node_modules"));
    return made;
}

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fdw-stub-bundle-"));
    mkdirSync(join(folder, "node_modules"));
    for (const name of NEEDED) {
        symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
    }
    checkout = newCheckout("checkout-a");
});
afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
});

const cache = () => join(folder, "node_modules", ".cache", "fdw-stub");
const bundles = () => readdirSync(cache()).filter((file) => file.endsWith(".js"));
const compiled = () => readdirSync(cache()).filter((file) => file.endsWith(".v8"));
const write = (file: string, text: string) => writeFileSync(join(checkout, file), text);

function run(directory = checkout): string {
    const { stdout, stderr } = spawnSync(process.execPath, [join(directory, "bin", "fdw-stub.js"), "a", "b"], {
        encoding: "utf8",
    });
    return `${stdout}${stderr}`.trim();
}

describe("the command as one file", () => {
    test("is made once, with what V8 compiled of it, and runs again", () => {
        expect([run(), run()]).toEqual(["first a b checkout-a", "first a b checkout-a"]);
        expect(bundles()).toHaveLength(1);
        expect(compiled()).toEqual(bundles().map((file) => file.replace(/js$/, "v8")));
    });

    test("follows a change of a source, and finds its way back", () => {
        run();
        write("upstreams/word.ts", 'export const word = "other";');
        expect(run()).toBe("other a b checkout-a");
        write("upstreams/word.ts", 'export const word: string = "first";');
        expect(run()).toBe("first a b checkout-a");
        expect(bundles()).toHaveLength(2);
    });

    test("follows a change of the dependencies", () => {
        run();
        write("package-lock.json", '{"changed": true}');
        run();
        expect(bundles()).toHaveLength(2);
    });

    test("serves every checkout that holds the same", () => {
        const other = newCheckout("checkout-b");
        expect([run(), run(other)]).toEqual(["first a b checkout-a", "first a b checkout-b"]);
        expect(bundles()).toHaveLength(1);
    });

    test("keeps a few, not all", () => {
        for (let n = 0; n < 6; n++) {
            write("upstreams/word.ts", `export const word = "${n}";`);
            expect(run()).toBe(`${n} a b checkout-a`);
        }
        expect(bundles()).toHaveLength(4);
        expect(compiled()).toHaveLength(4);
    });

    test.each(["cli-main.json", "v8"])("is made again where %s is not what it should be", (part) => {
        run();
        for (const file of readdirSync(cache()).filter((name) => name.endsWith(part))) {
            writeFileSync(join(cache(), file), "[half");
        }
        expect([run(), run()]).toEqual(["first a b checkout-a", "first a b checkout-a"]);
    });
});

describe("the sources as they are", () => {
    test("run where nothing can be written", () => {
        writeFileSync(join(folder, "node_modules", ".cache"), "a file in the way");
        expect([run(), run()]).toEqual(["first a b checkout-a", "first a b checkout-a"]);
    });

    test("tell a mistake by its own file", () => {
        write("upstreams/word.ts", "export const word = ;");
        expect(run()).toMatch(/upstreams[/\\]word\.ts:1/);
    });
});
