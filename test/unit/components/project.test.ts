import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");

let root: string;

beforeAll(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "fdw-stub-directory-")));
    mkdirSync(join(root, "project", "main", "deep"), { recursive: true });
    mkdirSync(join(root, "elsewhere"));
    writeFileSync(join(root, "project", "Pulumi.yaml"), "name: p");
    symlinkSync(join(root, "project"), join(root, "link"));
});
afterAll(() => {
    rmSync(root, { recursive: true, force: true });
});

/** What a process says whose working directory this is, and that the engine told this. */
function directory(cwd: string, told?: string): string {
    const program = `process.chdir(${JSON.stringify(join(root, cwd))});
        process.stdout.write(require("./components/project").projectDirectory());`;
    const { PULUMI_NODEJS_ROOT_DIRECTORY: _, ...env } = process.env;
    return execFileSync(process.execPath, ["--require", "tsx/cjs", "--eval", program], {
        cwd: ROOT,
        env: told === undefined ? env : { ...env, PULUMI_NODEJS_ROOT_DIRECTORY: join(root, told) },
        encoding: "utf8",
    });
}

test.each([
    ["a program whose `main` is another folder", "project/main", "project", "project"],
    ["a program that is started by way of a link", "elsewhere", "link", "project"],
    [
        "a host of components, which the engine starts in the program's folder",
        "project/main/deep",
        undefined,
        "project",
    ],
    ["no project at all", "elsewhere", undefined, "elsewhere"],
])("the folder of %s", (_, cwd, told, expected) => {
    expect(directory(cwd, told)).toBe(join(root, expected));
});
