/** Every example schema, and every case: two at a time, because most of the time each waits. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { formatInference, type Inference } from "../../../schema";
import { parseConfiguration, resolveUpstreams } from "../../../upstreams/parse";
import { parseSql } from "../../../upstreams/parser";
import { EXAMPLES, exampleNames, expectationOf, inputOf } from "../../unit/schema/examples";
import { place, Rehearsals, told } from "../support/rehearsals";

const CASES = join(__dirname, "cases");
let rehearsals: Rehearsals;

beforeAll(async () => {
    rehearsals = await Rehearsals.start({}, { count: 2 });
});

afterAll(() => rehearsals.end());

const byPlace = (a: { at: string }, b: { at: string }) => (a.at < b.at ? -1 : 1);

/** What is shown declares the same by hand, and can be run. */
function checkForms(found: Inference): void {
    const yaml = z
        .object({ config: z.object({ "fdw-stub:upstreams": z.unknown() }) })
        .parse(parse(formatInference(found, "yaml")));
    const configuration = parseConfiguration({ upstreams: yaml.config["fdw-stub:upstreams"] });
    const flat = (upstreams: Inference["upstreams"]) =>
        upstreams.map(({ contract, ...upstream }) => ({
            ...upstream,
            ddl: upstream.ddl
                .map(({ sql }) => sql)
                .join("\n")
                .trim(),
            // What a contract makes stands in its files.
            ...(contract === undefined
                ? {}
                : {
                      contract,
                      ddl: "",
                      extensions: [],
                      users: upstream.users.map(({ granted, ...user }) => user),
                  }),
        }));
    expect(flat(resolveUpstreams(configuration.upstreams, () => ""))).toEqual(flat(found.upstreams));
    const sql = formatInference(found, "sql").replaceAll(/^\\connect.*$/gm, "");
    expect(parseSql(sql)).toHaveProperty("nodes");
    for (const { password } of found.upstreams.flatMap(({ users }) => users)) {
        expect(told(found).some((line) => password !== undefined && line.includes(`'${password}'`))).toBe(false);
    }
}

describe("example schemas", () => {
    test("there are enough of them", () => {
        expect(exampleNames().length).toBeGreaterThanOrEqual(25);
    });

    test.concurrent.for(exampleNames())(
        "%s is rehearsed as expected",
        { timeout: 300_000 },
        async (name, { expect }) => {
            const expected = expectationOf(name);
            const found = await rehearsals.infer("", inputOf(name));
            const shown = found.upstreams.map((upstream) => ({
                at: place(upstream),
                users: upstream.users.map((user) => user.name).sort(),
                extensions: upstream.extensions.map(({ name: extension }) => extension),
                tables: Object.fromEntries(
                    (found.origins.find((origin) => place(origin) === place(upstream))?.tables ?? []).map((table) => [
                        `${table.schema}.${table.name}`,
                        table.columns.map((column) => `${column.name} ${column.type}`).sort(),
                    ]),
                ),
            }));
            const wanted = expected.upstreams.map((upstream) => ({
                at: place(upstream),
                users: [...upstream.users].sort(),
                extensions: upstream.extensions,
                tables: Object.fromEntries(
                    Object.entries(upstream.tables).map(([table, columns]) => [table, [...columns].sort()]),
                ),
            }));
            expect(shown.sort(byPlace)).toEqual(wanted.sort(byPlace));
            expect({ failed: found.ran.failed, errors: told(found, "error") }).toEqual({
                failed: expected.failed,
                errors: [],
            });
            if (Object.keys(expected.contracts).length > 0) {
                expect(
                    found.origins.flatMap(({ tables }) => tables.flatMap(({ columns }) => columns)),
                ).not.toContainEqual(expect.objectContaining({ certainty: expect.stringMatching(/guessed|inferred/) }));
                expect(found.findings.filter(({ code }) => code === "contract-role")).toEqual([]);
            }
            expect(found.roles.map((role) => role.name).sort()).toEqual([...expected.roles].sort());
            if (expected.files !== undefined) {
                const files = found.files.map(({ file }) => file.slice(join(EXAMPLES, name).length + 1));
                const order = expected.files.some((file) => file.startsWith("parts/")) ? [...files].sort() : files;
                expect(order).toEqual(expected.files);
            }
            if (expected.tool !== undefined) {
                expect(new Set(found.files.map(({ tool }) => tool))).toEqual(new Set([expected.tool]));
            }
            checkForms(found);
        },
    );
});

/** What the first lines of a case say. */
function expectedOf(file: string) {
    const lines = readFileSync(join(CASES, file), "utf8").split("\n");
    const after = (key: string) => lines.find((line) => line.startsWith(`-- ${key}: `))?.slice(key.length + 5);
    const outcome = after("expect") ?? "";
    const error = /^error: (.*)$/.exec(outcome)?.[1];
    if (error === undefined && outcome !== "runs") {
        throw new Error(`${file} does not say what is expected.`);
    }
    return { error, upstreams: after("upstreams")?.split(", "), columns: after("columns")?.split(", ") };
}

describe("cases", () => {
    const files = readdirSync(CASES).sort();

    test("there are enough of them", () => {
        expect(files.length).toBeGreaterThanOrEqual(19);
    });

    test.concurrent.for(files)("%s", { timeout: 300_000 }, async (file, { expect }) => {
        const { error, upstreams, columns } = expectedOf(file);
        const found = await rehearsals.infer("", { paths: [join(CASES, file)] });
        if (error === undefined) {
            expect({ failed: found.ran.failed, told: told(found, "error", "warning") }).toEqual({
                failed: 0,
                told: [],
            });
        } else {
            expect(found.ran.failed).toBeGreaterThan(0);
            expect(told(found, "error", "warning").join("\n")).toContain(error);
        }
        if (upstreams !== undefined) {
            expect(found.upstreams.map(place).sort()).toEqual([...upstreams].sort());
        }
        const shown = found.upstreams.flatMap((upstream) =>
            upstream.tables.flatMap((table) =>
                table.columns.map((column) => `${table.schema}.${table.name}.${column.name} ${column.type}`),
            ),
        );
        expect(shown).toEqual(expect.arrayContaining(columns ?? []));
    });
});
