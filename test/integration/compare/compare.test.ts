import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CODES } from "../../../compare";
import type { ContractFinding } from "../../../schema";
import { type Case, DEV, SHAPES, TYPES, UP } from "./cases";
import { Sides } from "./sides";

let sides: Sides;
let found: ContractFinding[];

const CASES: readonly Case[] = [...TYPES, ...SHAPES];
const numbered = (sql: string, n: number) => sql.replaceAll("@", String(n));

beforeAll(async () => {
    sides = await Sides.start();
    await sides.upstream.query(UP);
    await sides.dev.query(DEV);
    for (const [n, { up, dev }] of CASES.entries()) {
        await sides.upstream.query(numbered(up, n));
        await sides.dev.query(numbered(dev, n));
    }
    found = await sides.compare();
});

afterAll(() => sides.stop());

/** The last statement's only column as text, or the error's message with its context. */
async function outcome(sql: string): Promise<Array<string | null> | string> {
    try {
        const results = [
            await sides.dev.query({ text: sql, types: { getTypeParser: () => (value: string) => value } }),
        ].flat();
        return (results.at(-1)?.rows ?? []).map((row): string | null => {
            const [value] = Object.values(row);
            return typeof value === "string" ? value : null;
        });
    } catch (error) {
        return error instanceof Error ? error.message : String(error);
    } finally {
        await sides.dev.query("RESET ALL");
    }
}

const about = (n: number) => found.filter(({ object }) => new RegExp(`^public\\.t${n}(?:\\.|$)`).test(object));

describe.each(CASES.map((each, n) => [each.name, n, each] as const))("%s", (_name, n, { found: wanted, shows }) => {
    test("is found", () => {
        expect(about(n).map(({ grade, code, object }) => [grade, code, object.replace(`public.t${n}`, "")])).toEqual(
            wanted,
        );
    });

    test("is what PostgreSQL does", async () => {
        for (const [sql, wanted] of shows) {
            const came = await outcome(numbered(sql, n));
            if (wanted instanceof RegExp) {
                expect(came).toMatch(wanted);
            } else {
                expect(came).toEqual(wanted);
            }
        }
    });
});

test("every kind of finding has a case, or a test of its own", () => {
    const shown = new Set(CASES.flatMap(({ found: all }) => all.map(([, code]) => code)));
    const own = ["extension-missing", "no-contract", "upstream-missing"];
    expect([...shown, ...own].sort()).toEqual(Object.keys(CODES).sort());
});
