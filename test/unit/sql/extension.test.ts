import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extensionFiles, type FreshSettings, settingStatements } from "../../../sql/extension";

function decoded(statement: string): string[] {
    return [...statement.matchAll(/decode\('([A-Za-z0-9+/=]*)', 'base64'\)/g)].map((match) =>
        Buffer.from(match[1] ?? "", "base64").toString(),
    );
}

describe("settingStatements", () => {
    test.each<[FreshSettings, string[]]>([
        [{}, []],
        [{ roles: [], baseline: [] }, []],
        [{ kept: 0 }, ["SELECT fdw_stub.configure(kept => 0);"]],
        [
            { stock: 3, stockMax: 9, maxAgeSeconds: 60, graceSeconds: 5 },
            [
                "SELECT fdw_stub.configure(stock => 3, stock_max => 9, max_age => interval '60 seconds', grace => interval '5 seconds');",
            ],
        ],
    ])("%j", (settings, expected) => {
        expect(settingStatements(settings)).toEqual(expected);
    });

    test.each<[FreshSettings, string]>([
        [{ stock: -1 }, "stock is -1; it must be a whole number, at least 0."],
        [{ stock: 1001 }, "stock is 1001; it must be at most 1000: each database takes some 8 MB of disk."],
        [{ stockMax: 2000 }, "stockMax is 2000; it must be at most 1000: each database takes some 8 MB of disk."],
        [{ kept: 1.5 }, "kept is 1.5; it must be a whole number, at least 0."],
        [{ maxAgeSeconds: 0 }, "maxAgeSeconds is 0; it must be a whole number, at least 1."],
        [{ graceSeconds: Number.NaN }, "graceSeconds is NaN; it must be a whole number, at least 1."],
    ])("refuses %j", (settings, message) => {
        expect(() => settingStatements(settings)).toThrow(new Error(message));
    });

    test("no text of the user's stands in the script as it is", () => {
        fc.assert(
            fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (name, sql) => {
                const [configure = "", baseline = "", roles = "", ...more] = settingStatements({
                    devDatabase: name,
                    baseline: [{ origin: name, line: 7, sql }],
                    roles: [name, sql],
                });
                expect(more).toEqual([]);
                // What is not base64 is ours alone.
                for (const statement of [configure, baseline, roles]) {
                    expect(statement.replaceAll(/decode\('[A-Za-z0-9+/=]*'/g, "decode(''")).toMatch(
                        /^SELECT fdw_stub\.[a-z_]+\((dev_database => )?(pg_catalog\.convert_from\(pg_catalog\.decode\('', 'base64'\), 'UTF8'\)(, |::pg_catalog\.jsonb)?)+\);$/,
                    );
                }
                const wellFormed = (text: string) => Buffer.from(text).toString();
                expect(decoded(configure)).toEqual([wellFormed(name)]);
                expect(JSON.parse(decoded(baseline)[0] ?? "")).toEqual([{ origin: name, line: 7, sql }]);
                expect(decoded(roles)).toEqual([wellFormed(name), wellFormed(sql)]);
            }),
        );
    });
});

describe("extensionFiles", () => {
    test("gives a control file and the script of its default version, which ends with the settings", () => {
        const [control, script, ...more] = extensionFiles({ kept: 2 });
        expect(more).toEqual([]);
        expect(control?.name).toBe("fdw_stub.control");
        const version = /^default_version = '(.*)'$/m.exec(control?.content ?? "")?.[1];
        expect(script?.name).toBe(`fdw_stub--${version}.sql`);
        expect(script?.content.endsWith("\nSELECT fdw_stub.configure(kept => 2);\n")).toBe(true);
    });

    test("without settings the script has none", () => {
        expect(extensionFiles()[1]?.content).not.toMatch(/^SELECT fdw_stub\.configure\(/m);
    });
});
