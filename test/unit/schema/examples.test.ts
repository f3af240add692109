import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXAMPLES, exampleNames, expectationOf, inferExample } from "./examples";

describe("example schemas", () => {
    test("there are enough of them", () => {
        expect(exampleNames().length).toBeGreaterThanOrEqual(25);
    });

    test.each(exampleNames())("%s is derived as expected", async (name) => {
        const expected = expectationOf(name);
        const found = await inferExample(name);
        const key = (each: { host: string; port: number; database: string }) =>
            `${each.host}:${each.port}/${each.database}`;
        const shown = found.upstreams.map((upstream) => ({
            at: key(upstream),
            users: upstream.users.map((user) => user.name).sort(),
            extensions: upstream.extensions.map((extension) => extension.name),
            tables: Object.fromEntries(
                upstream.tables.map((table) => [
                    `${table.schema}.${table.name}`,
                    table.columns.map((column) => `${column.name} ${column.type}`).sort(),
                ]),
            ),
        }));
        const wanted = expected.upstreams.map((upstream) => ({
            at: key(upstream),
            users: [...upstream.users].sort(),
            extensions: upstream.extensions,
            tables: Object.fromEntries(
                Object.entries(upstream.tables).map(([table, columns]) => [table, [...columns].sort()]),
            ),
        }));
        const byPlace = (a: { at: string }, b: { at: string }) => (a.at < b.at ? -1 : 1);
        expect(shown.sort(byPlace)).toEqual(wanted.sort(byPlace));
        expect(found.findings.filter(({ severity }) => severity === "error").map(({ code }) => code)).toEqual(
            expected.errors,
        );
        expect(found.roles.map((role) => role.name).sort()).toEqual([...expected.roles].sort());
        if (expected.files !== undefined) {
            const files = found.files.map(({ file }) => file.slice(join(EXAMPLES, name).length + 1));
            const order = expected.files.some((file) => file.startsWith("parts/")) ? [...files].sort() : files;
            expect(order).toEqual(expected.files);
        }
        if (expected.tool !== undefined) {
            expect(new Set(found.files.map(({ tool }) => tool))).toEqual(new Set([expected.tool]));
        }
    });
});
