import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MISMATCHES } from "../../../upstreams/mismatches";

test("the documentation has every kind of finding, and no other", () => {
    const text = readFileSync(join(__dirname, "..", "..", "..", "docs", "contract.md"), "utf8");
    const section = /### What is found\n([\s\S]*?)\n### /.exec(text)?.[1] ?? "";
    const rows = section.split("\n").flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? []);
    const codes = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code));
    expect(codes.sort()).toEqual(Object.keys(MISMATCHES).sort());
});
