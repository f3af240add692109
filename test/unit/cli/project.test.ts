import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findProjectDirectory, projectDirectoryOrHere } from "../../../cli/project";
import { InputError } from "../../../upstreams/errors";

let root: string;

beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "fdw-stub-find-")));
    mkdirSync(join(root, "project", "inner", "deep"), { recursive: true });
    mkdirSync(join(root, "elsewhere"));
    writeFileSync(join(root, "project", "Pulumi.yaml"), "name: p");
});

afterEach(() => {
    rmSync(root, { recursive: true, force: true });
});

describe("the folder of the project", () => {
    test.each(["project", "project/inner", "project/inner/deep", "project/../project/inner/."])(
        "is found from %s upwards",
        (from) => {
            expect(findProjectDirectory(join(root, from))).toBe(join(root, "project"));
        },
    );

    test("is the nearest one", () => {
        writeFileSync(join(root, "project", "inner", "Pulumi.yaml"), "name: inner");
        expect(findProjectDirectory(join(root, "project", "inner", "deep"))).toBe(join(root, "project", "inner"));
    });

    test("is looked for from the working directory where no other is named", () => {
        const before = process.cwd();
        process.chdir(join(root, "project", "inner"));
        try {
            expect(findProjectDirectory()).toBe(join(root, "project"));
        } finally {
            process.chdir(before);
        }
    });

    test.each(["fdw-stub.yaml", "Pulumi.yaml", "package.json", ".git"])("is told by %s", (mark) => {
        writeFileSync(join(root, "elsewhere", mark), "");
        mkdirSync(join(root, "elsewhere", "deep"));
        expect(findProjectDirectory(join(root, "elsewhere", "deep"))).toBe(join(root, "elsewhere"));
    });

    test.each(["elsewhere", "not/there"])("is missing from %s", (from) => {
        const find = () => findProjectDirectory(join(root, from));
        expect(find).toThrow(InputError);
        expect(find).toThrow(
            `There is no fdw-stub.yaml, Pulumi.yaml, package.json or .git in ${join(root, from)} or above it`,
        );
        expect(find).toThrow("--cwd");
        expect(projectDirectoryOrHere(join(root, from))).toBe(join(root, from));
    });
});
