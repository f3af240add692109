import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { namesInBody } from "../../../pull/bodies";
import { type Catalog, CLASS, type Edge, keyOf } from "../../../pull/catalog";
import { select } from "../../../pull/selection";
import { loadParser } from "../../../upstreams/parser";

beforeAll(loadParser);

const relationKey = (oid: string) => keyOf(CLASS.relation, oid);

/** Objects by a letter and a number that tell their catalog: `r1` a relation, `f1` a function, `t1` a type, … */
const LETTERS: Readonly<Record<string, string>> = {
    r: CLASS.relation,
    f: CLASS.routine,
    t: CLASS.type,
    n: CLASS.schema,
    c: CLASS.constraint,
    d: CLASS.default,
    w: CLASS.rule,
    x: CLASS.extension,
    s: CLASS.server,
    a: CLASS.cast,
    g: "2620",
};

function key(short: string): string {
    return keyOf(LETTERS[short[0] ?? ""] ?? "", short.slice(1));
}

function edges(...all: string[]): Edge[] {
    return all.map((one) => {
        const [from = "", type = "", to = ""] = one.split(" ");
        return { from: key(from), type, to: key(to) };
    });
}

function catalog(more: Partial<Catalog>, tables: readonly number[] = [1, 2, 3]): Catalog {
    return {
        relations: tables.map((n) => ({
            oid: String(n),
            schema: "s",
            name: `t${n}`,
            kind: "r",
            partition: false,
            extension: false,
            readable: true,
        })),
        edges: [],
        routines: [],
        types: [],
        schemas: [{ oid: "1", name: "s", usable: true }],
        foreignKeys: new Set(),
        selectRules: new Set(),
        extensions: [],
        ...more,
    };
}

const partitioned = catalog({ edges: edges("r2 a r1", "r3 P r1", "r3 a r2") });
const withPartition: Catalog = {
    ...partitioned,
    relations: partitioned.relations.map((one) => ({ ...one, partition: one.oid === "2" })),
};
const body = (text: string, language = "sql") => ({
    oid: "1",
    schema: "s",
    name: "f",
    language,
    definition: `CREATE FUNCTION s.f() RETURNS int LANGUAGE ${language} AS $$${text}$$`,
});

describe("what the table s.t1 brings with it", () => {
    test.each<[string, Catalog, string[]]>([
        ["itself", catalog({}), ["r1"]],
        [
            "its schema, types and functions",
            catalog({ edges: edges("r1 n n1", "r1 n t1", "d1 a r1", "d1 n f1") }),
            ["r1", "n1", "t1", "d1", "f1"],
        ],
        ["the row type of another table", catalog({ edges: edges("r1 n t2", "t2 i r2") }), ["r1", "t2", "r2"]],
        [
            "an extension, and none of its members",
            catalog({ edges: edges("r1 n t1", "t1 e x1", "f1 e x1") }),
            ["r1", "t1", "x1"],
        ],
        [
            "its view's query",
            catalog({ edges: edges("w1 i r1", "w1 n r2"), selectRules: new Set([key("w1")]) }),
            ["r1", "w1", "r2"],
        ],
        ["no other rule", catalog({ edges: edges("w1 a r1", "w1 n r2") }), ["r1"]],
        ["no trigger", catalog({ edges: edges("g1 a r1", "g1 n f1") }), ["r1"]],
        ["its parent", catalog({ edges: edges("r1 n r2") }), ["r1", "r2"]],
        ["no child", catalog({ edges: edges("r2 n r1") }), ["r1"]],
        ["its partitions and their indexes", withPartition, ["r1", "r2", "r3"]],
        ["no server of a foreign table", catalog({ edges: edges("r1 n s1", "s1 n x1", "r1 n t1") }), ["r1", "t1"]],
        [
            "no table that a key of its own names",
            catalog({ edges: edges("c1 a r1", "c1 n r2"), foreignKeys: new Set([key("c1")]) }),
            ["r1"],
        ],
        [
            "a key to what is there anyway",
            catalog({ edges: edges("c1 a r1", "c1 n r2", "r1 n r2"), foreignKeys: new Set([key("c1")]) }),
            ["r1", "r2", "c1"],
        ],
        [
            "a cast between its types, and what the cast's function needs",
            catalog({ edges: edges("r1 n t1", "r1 n t2", "a1 n t1", "a1 n t2", "a2 n t1", "a2 n t3") }),
            ["r1", "t1", "t2", "a1"],
        ],
        [
            "what a body names",
            catalog({ edges: edges("d1 a r1", "d1 n f1"), routines: [body("SELECT id FROM s.t2")] }),
            ["r1", "d1", "f1", "r2"],
        ],
        [
            "what a body of PL/pgSQL names, in any schema",
            catalog({
                edges: edges("d1 a r1", "d1 n f1"),
                routines: [body("DECLARE x t3%ROWTYPE; BEGIN x := (SELECT r FROM t2 r); RETURN 1; END", "plpgsql")],
            }),
            ["r1", "d1", "f1", "r2", "r3"],
        ],
    ])("%s", (_, given, expected) => {
        const { objects } = select(given, [{ schema: "s", name: "t1" }], [], namesInBody);
        expect([...objects].sort()).toEqual(expected.map(key).sort());
    });

    test("a partition alone is a table", () => {
        const { objects } = select(withPartition, [{ schema: "s", name: "t2" }], ["s"], namesInBody);
        expect([...objects].sort()).toEqual([key("r2"), key("n1"), key("r3")].sort());
    });

    test("a table that is not there is missing", () => {
        const { missing } = select(catalog({}), [{ schema: "s", name: "T1" }], [], namesInBody);
        expect(missing).toEqual([{ schema: "s", name: "T1" }]);
    });

    test("everything that an object needs is there, whatever depends on what", () => {
        const pair = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }));
        fc.assert(
            fc.property(fc.array(pair, { maxLength: 20 }), (pairs) => {
                const all = pairs.map(
                    ([from, to]): Edge => ({ from: relationKey(String(from)), to: relationKey(String(to)), type: "n" }),
                );
                const { objects } = select(
                    catalog({ edges: all }, [1, 2, 3, 4, 5, 6, 7, 8]),
                    [{ schema: "s", name: "t1" }],
                    [],
                    namesInBody,
                );
                expect(objects).toContain(relationKey("1"));
                for (const { from, to } of all) {
                    expect(!objects.has(from) || objects.has(to)).toBe(true);
                }
            }),
        );
    });
});
