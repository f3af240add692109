import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { startScript } from "../../../upstreams/start-script";

const text = fc.oneof(
    fc.string({ unit: "binary" }).map((any) => any.replaceAll("\0", "")),
    fc.constantFrom("", "\n", "$x `y` $(z) \\ \\\n", "end\n", "it's\n", "EOF\nEOF", "\r\n\t\n"),
);

test("writes every file as it is, and runs its arguments", () => {
    fc.assert(
        fc.property(
            fc.array(
                fc.record({ name: fc.constantFrom("a", "b c", "d'e", "$f"), content: text, executable: fc.boolean() }),
            ),
            (files) => {
                const folder = mkdtempSync(join(tmpdir(), "fdw-stub-start-"));
                try {
                    const placed = files.map(({ name, ...rest }, i) => ({ ...rest, file: `${folder}/x ${i}/${name}` }));
                    const script = startScript(placed);
                    const out = execFileSync("sh", ["-c", script, "sh", "printf", "%s|", "a b", "$c"], {
                        encoding: "utf8",
                    });
                    expect(out).toBe("a b|$c|");
                    for (const { file, content, executable } of placed) {
                        expect(readFileSync(file, "utf8")).toBe(content);
                        expect(statSync(file).mode & 0o777).toBe(executable ? 0o755 : 0o644);
                    }
                } finally {
                    rmSync(folder, { recursive: true });
                }
            },
        ),
        { numRuns: 50 },
    );
});
