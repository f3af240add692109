import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContractFinding } from "../../../schema";
import { MISMATCHES } from "../../../upstreams/mismatches";
import { type Case, DEV, SHAPES, TYPES, UP } from "./cases";
import { Sides } from "./sides";

let sides: Sides;
let found: readonly ContractFinding[];

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

const about = (n: number) => found.filter(({ object }) => new RegExp(`^public\\.[a-z]${n}(?:\\.|$)`).test(object));

describe.each(CASES.map((each, n) => [each.name, n, each] as const))("%s", (_name, n, { found: wanted, shows }) => {
    test("is found", () => {
        expect(
            about(n).map(({ grade, code, object }) => [grade, code, object.replace(/^public\.[a-z]\d+/, "")]),
        ).toEqual(wanted);
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

describe("servers", () => {
    const ofServers = (all: readonly ContractFinding[]) =>
        all
            .filter(({ object }) => !object.startsWith("public."))
            .map(({ grade, code, object }) => [grade, code, object]);

    test("that name extensions which the other side lacks, or has elsewhere", async () => {
        await sides.upstream.query("CREATE EXTENSION hstore SCHEMA app; CREATE TABLE ext (a text, b app.hstore)");
        await sides.dev.query(`CREATE EXTENSION pg_trgm; CREATE EXTENSION hstore;
            CREATE SERVER ext FOREIGN DATA WRAPPER postgres_fdw
                OPTIONS (host '/var/run/postgresql', dbname 'up', extensions 'pg_trgm, hstore, citext');
            CREATE USER MAPPING FOR CURRENT_USER SERVER ext OPTIONS (user 'postgres');
            CREATE FOREIGN TABLE ext (a text, b hstore) SERVER ext`);
        expect(ofServers(await sides.compare(["up", "as_reader", "ext"]))).toEqual([
            ["may-fail", "extension-missing", "ext"],
            ["may-fail", "extension-missing", "ext"],
        ]);
        expect(await outcome("SELECT a FROM ext WHERE similarity(a, 'x') > 0.5")).toMatch(
            /similarity.* does not exist/,
        );
        expect(await outcome("SELECT a FROM ext WHERE b @> 'x=>1'")).toMatch(/does not exist/);
        expect(await outcome("SELECT a FROM ext")).toEqual([]);
    });

    test("that lead to no contract, or to none of the contracts that nobody uses", async () => {
        expect(ofServers(await sides.compare(["up", "ext"]))).toContainEqual(["name-only", "no-contract", "as_reader"]);
        expect(ofServers(await sides.compare([]))).toEqual([
            ["may-fail", "upstream-missing", "as_reader"],
            ["may-fail", "upstream-missing", "ext"],
            ["may-fail", "upstream-missing", "up"],
        ]);
    });
});

test("what keeps an upstream from being compared is told, and no more", async () => {
    await sides.upstream.query("DROP EXTENSION plpgsql");
    const broken = await sides.compare();
    await sides.upstream.query("CREATE EXTENSION plpgsql");
    expect(broken).toEqual([
        {
            grade: "may-fail",
            code: "not-compared",
            object: "up.internal:5432/up",
            message: expect.stringMatching(/contract of up.internal:5432\/up: language "plpgsql" does not exist/),
        },
        { grade: "name-only", code: "no-contract", object: "ext", message: expect.any(String) },
    ]);
});

test("findings tell both places", () => {
    expect(found.find(({ code }) => code === "collation")).toMatchObject({
        place: { file: expect.stringMatching(/^dev\/public\.t\d+\.c$/), line: 3 },
        contractPlace: { file: expect.stringMatching(/^up\/public\.t\d+\.c$/), line: 2 },
    });
});

test("every kind of finding has a case, or a test of its own", () => {
    const shown = new Set(CASES.flatMap(({ found: all }) => all.map(([, code]) => code)));
    const own = ["statement-failed", "not-compared", "extension-missing", "no-contract", "upstream-missing"];
    expect([...shown, ...own].sort()).toEqual(Object.keys(MISMATCHES).sort());
});
