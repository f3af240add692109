import { beforeAll, describe, expect, test } from "vitest";
import { entryText, localTable, splitEntries } from "../../../pull/entries";
import { filterToc, readToc, type TocEntry } from "../../../pull/toc";
import { loadParser } from "../../../upstreams/parser";

beforeAll(loadParser);

const LIST = `;
; Archive created at 2026-01-01 00:00:00 UTC
;     TOC Entries: 62
;
; Selected TOC Entries:
;
3734; 0 0 ENCODING - ENCODING 
9; 2615 2200 SCHEMA - public pg_database_owner
10; 2615 16389 SCHEMA - types owner
2; 3079 16392 EXTENSION - citext 
;	depends on: 10
7; 1417 16726 SERVER - further owner
8; 0 0 USER MAPPING - USER MAPPING owner SERVER further owner
3; 1255 16614 FUNCTION types in_c(bigint) owner
;	depends on: 10 10
231; 1259 16636 TABLE public Odd "Orders" owner
;	depends on: 9 2 10
232; 1259 16637 TABLE types other owner
;	depends on: 10
233; 1259 16638 FOREIGN TABLE types remote owner
;	depends on: 7 10
237; 1259 16698 MATERIALIZED VIEW types of_c owner
;	depends on: 3 231
239; 0 0 SEQUENCE OWNED BY public Odd "Orders"_id_seq owner
;	depends on: 231
3563; 2606 16652 CONSTRAINT public Odd "Orders" Odd "Orders"_pkey owner
;	depends on: 231
3729; 2618 16722 RULE public Odd "Orders" quiet owner
;	depends on: 231 231
3730; 2618 16723 RULE types v _RETURN owner
;	depends on: 231
3578; 2620 16720 TRIGGER types other changed owner
;	depends on: 232
`;

function idsOf(entries: readonly TocEntry[]): number[] {
    return entries.map(({ id }) => id);
}

describe("a table of contents", () => {
    const toc = readToc(LIST);

    test("is read with what needs what", () => {
        expect(toc.find(({ id }) => id === 231)).toEqual({
            id: 231,
            object: "1259:16636",
            kind: "TABLE",
            name: 'public.Odd "Orders"',
            needs: [9, 2, 10],
        });
        expect(toc.find(({ id }) => id === 10)).toMatchObject({ kind: "SCHEMA", name: "types", needs: [] });
    });

    test.each<[string, string[] | undefined, string[], number[], string[]]>([
        [
            "everything",
            undefined,
            [],
            [10, 2, 3, 231, 232, 233, 237, 239, 3563, 3730],
            [
                "SERVER further",
                "USER MAPPING USER MAPPING owner SERVER further",
                'RULE public.Odd "Orders" quiet',
                "TRIGGER types.other changed",
            ],
        ],
        [
            "what no other server can have, and all that needs it",
            undefined,
            ["1255:16614"],
            [10, 2, 231, 232, 233, 239, 3563, 3730],
            [
                "SERVER further",
                "USER MAPPING USER MAPPING owner SERVER further",
                "FUNCTION types.in_c(bigint)",
                "MATERIALIZED VIEW types.of_c",
                'RULE public.Odd "Orders" quiet',
                "TRIGGER types.other changed",
            ],
        ],
        [
            "some objects, with what has no object of its own",
            ["2615:16389", "3079:16392", "1259:16636", "2606:16652"],
            [],
            [10, 2, 231, 239, 3563],
            ['RULE public.Odd "Orders" quiet'],
        ],
        ["what needs something that is not chosen", ["1259:16636"], [], [], ['TABLE public.Odd "Orders"']],
        ["nothing", [], [], [], []],
    ])("%s", (_, objects, unusable, kept, leftOut) => {
        const filtered = filterToc(
            toc,
            objects === undefined ? undefined : new Set(objects),
            new Set(["2618:16723"]),
            new Set(unusable),
        );
        expect(idsOf(filtered.entries)).toEqual(kept);
        expect(filtered.leftOut.map(({ kind, name }) => `${kind} ${name}`)).toEqual(leftOut);
    });
});

describe("the SQL of entries", () => {
    const entry = (id: number, kind = "TABLE"): TocEntry => ({
        id,
        object: `1259:${id}`,
        kind,
        name: `s.t${id}`,
        needs: [],
    });
    const printed = (id: number, sql: string) =>
        `--\n-- TOC entry ${id} (class 1259 OID ${id})\n-- Dependencies: 1\n-- Name: t${id}; Type: TABLE; Schema: s; Owner: -\n-- Data Pos: 0\n--\n\n${sql}\n\n\n`;
    const end =
        "-- Completed on 2026-01-01 00:00:00 UTC\n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n";

    test("is cut where the next one begins, whatever a body holds", () => {
        const body = `CREATE FUNCTION f() AS $$\n--\n-- TOC entry 9 (class 1259 OID 9)\n--\n\n$$;`;
        const output = `--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET x = 1;\n\n${printed(5, body)}SET default_tablespace = '';\n\n${printed(3, "CREATE TABLE s.t3 ();")}${end}`;
        expect(splitEntries(output, [entry(5), entry(3)])).toEqual([body, "CREATE TABLE s.t3 ();"]);
    });

    test("that is not printed is an error", () => {
        expect(() => splitEntries(printed(5, "x"), [entry(5), entry(6)])).toThrow("TABLE s.t6");
        expect(() => splitEntries("", [entry(5)])).toThrow("TABLE s.t5");
    });

    test.each([
        [
            "options and all",
            `CREATE FOREIGN TABLE s.t (\n    id bigint NOT NULL,\n    "SERVER" text DEFAULT '\n)\nSERVER x'::text\n)\nSERVER further\nOPTIONS (\n    schema_name 'secret',\n    table_name ')\nSERVER '\n);\nALTER FOREIGN TABLE ONLY s.t ALTER COLUMN id OPTIONS (\n    column_name 'Id'\n);`,
            `CREATE TABLE s.t (\n    id bigint NOT NULL,\n    "SERVER" text DEFAULT '\n)\nSERVER x'::text\n);`,
        ],
        [
            "plainly",
            "CREATE FOREIGN TABLE s.t (\n    id bigint\n)\nSERVER further;",
            "CREATE TABLE s.t (\n    id bigint\n);",
        ],
        ["without columns", "CREATE FOREIGN TABLE s.t (\n)\nSERVER further;", "CREATE TABLE s.t (\n);"],
    ])("a foreign table becomes a table: %s", (_, sql, expected) => {
        expect(entryText(entry(1, "FOREIGN TABLE"), sql)).toBe(expected);
    });

    test("a foreign table that cannot be read is an error", () => {
        expect(() => localTable("CREATE FOREIGN TABLE s.t (\n    id oops oops\n)\nSERVER x;")).toThrow(
            "cannot be read",
        );
    });

    test("everything else stays as it is", () => {
        expect(entryText(entry(1), "CREATE FOREIGN TABLE x")).toBe("CREATE FOREIGN TABLE x");
    });
});
