import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Grant } from "../../../pull/catalog";
import { type Recording, recordingDiff, recordingText, sameRecording } from "../../../pull/file";
import { type Grantable, grantStatements } from "../../../pull/grants";
import { patternsFor } from "../../../pull/pull";
import { FrameReader, type FrameType, frameOf } from "../../../pull/tunnel";
import { dig, statementsOf, usePostgresParser } from "../upstreams/oracle";

usePostgresParser();

function recording(more: Partial<Recording> = {}): Recording {
    return {
        name: "shop",
        at: new Date("2026-01-02T03:04:05.678Z"),
        server: "18.1",
        filter: ["s.t"],
        roles: ["reader"],
        leftOut: [],
        entries: [
            { entry: { id: 1, object: "1259:1", kind: "TABLE", name: "s.t", needs: [] }, sql: "CREATE TABLE s.t ();" },
        ],
        grants: ['GRANT SELECT ON TABLE "s"."t" TO "reader";'],
        ...more,
    };
}

describe("a recording's file", () => {
    test("has a header, settings, entries and privileges", () => {
        const leftOut = ["b", "a"].map((name) => ({ kind: "TRIGGER", name }));
        expect(
            recordingText(recording({ leftOut })),
        ).toBe(`-- The DDL of an upstream as \`fdw-stub pull\` recorded it; the next run replaces it.
-- Upstream: shop
-- Recorded: 2026-01-02T03:04:05Z
-- Server: PostgreSQL 18.1
-- Filter: what these need: s.t
-- Privileges of: reader
-- Never here: rows, owners, comments, settings, tablespaces, publications, subscriptions, foreign servers,
--   user mappings, privileges of other roles
-- Left out, TRIGGER: a, b

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET client_min_messages = warning;

--
-- TABLE s.t
--

CREATE TABLE s.t ();

--
-- Privileges
--

GRANT SELECT ON TABLE "s"."t" TO "reader";
`);
    });

    test("is comments and the entries alone, whatever the names are", () => {
        const names = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 5 });
        fc.assert(
            fc.property(names, fc.string({ unit: "binary" }), (filter, name) => {
                const leftOut = filter.map((one) => ({ kind: "TRIGGER", name: one }));
                const text = recordingText(recording({ name, filter, roles: filter, leftOut }));
                const [entry] = recording().entries;
                const named = recordingText(
                    recording(entry === undefined ? {} : { entries: [{ ...entry, entry: { ...entry.entry, name } }] }),
                );
                for (const one of [text, named]) {
                    expect(one.split("\n").filter((line) => line !== "" && !line.startsWith("--"))).toHaveLength(7);
                }
            }),
        );
    });

    test.each<[string, Partial<Recording>, boolean]>([
        ["at another moment", { at: new Date(0), server: "18.2" }, true],
        ["with another filter", { filter: undefined }, false],
        ["with something else left out", { leftOut: [{ kind: "TRIGGER", name: "t" }] }, false],
        ["with other privileges", { grants: [] }, false],
        ["with a comment in a body that looks like the header", { entries: [{ ...body("-- Recorded: b") }] }, false],
    ])("%s is the same: %s", (_, more, same) => {
        const before = recordingText(
            recording(more.entries === undefined ? {} : { entries: [body("-- Recorded: a")] }),
        );
        const after = recordingText(recording(more));
        expect(sameRecording(before, after)).toBe(same);
        const changes = recordingDiff("x.sql", before, after)
            .split("\n")
            .slice(3)
            .filter((line) => /^[-+]/.test(line));
        expect(changes.length === 0).toBe(same);
        expect(changes.join("\n")).not.toMatch(/1970|18\.2/);
    });
});

function body(sql: string) {
    return { entry: { id: 1, object: "1255:1", kind: "FUNCTION", name: "f", needs: [] }, sql };
}

describe("privileges", () => {
    const table: Grantable = { object: "t", what: "TABLE", name: "s.t", usual: [] };
    const routine: Grantable = { object: "f", what: "FUNCTION", name: "s.f()", usual: ["EXECUTE"] };
    const grant = (role: string, object: string, privileges: string[], columns: Grant["columns"] = []): Grant => ({
        role,
        object,
        privileges,
        columns,
    });

    test.each<[string, Grantable[], Grant[], string[]]>([
        ["none", [table], [grant("a", "t", [])], []],
        [
            "of two roles",
            [table],
            [grant("a", "t", ["SELECT"]), grant("b", "t", ["SELECT", "INSERT"])],
            ['GRANT SELECT ON TABLE s.t TO "a";', 'GRANT SELECT, INSERT ON TABLE s.t TO "b";'],
        ],
        [
            "on columns",
            [table],
            [
                grant(
                    "a",
                    "t",
                    ["INSERT"],
                    [
                        ["x", ["SELECT"]],
                        ['y"', ["SELECT", "UPDATE"]],
                    ],
                ),
            ],
            ['GRANT INSERT, SELECT ("x", "y"""), UPDATE ("y""") ON TABLE s.t TO "a";'],
        ],
        ["that everybody has", [routine], [grant("a", "f", ["EXECUTE"]), grant("b", "f", ["EXECUTE"])], []],
        [
            "that everybody would have, and one has not",
            [routine],
            [grant("a", "f", []), grant("b", "f", ["EXECUTE"])],
            ["REVOKE EXECUTE ON FUNCTION s.f() FROM PUBLIC;", 'GRANT EXECUTE ON FUNCTION s.f() TO "b";'],
        ],
        ["of nobody that was asked for", [routine], [], []],
    ])("%s", (_, objects, grants, expected) => {
        const statements = grantStatements(objects, grants, ["a", "b"]);
        expect(statements).toEqual(expected);
        expect(statements.flatMap(statementsOf)).toHaveLength(expected.length);
    });

    test("are granted to the role of that name, whatever it is", () => {
        const name = fc.string({ unit: "binary", minLength: 1, maxLength: 15 }).filter((text) => !text.includes("\0"));
        fc.assert(
            fc.property(name, (role) => {
                const [sql = ""] = grantStatements([table], [grant(role, "t", ["SELECT"])], [role]);
                expect(dig(statementsOf(sql)[0], "GrantStmt", "grantees", 0, "RoleSpec", "rolename")).toBe(role);
            }),
        );
    });
});

test.each([
    [[], []],
    [
        [
            ["s", "a"],
            ["s", 'b"c'],
            ["S.x", "*"],
        ],
        ['"S.x".("*")', '"s".("a"|"b""c")'],
    ],
])("pg_dump is told which tables are meant: %j", (tables, expected) => {
    expect(patternsFor(tables.map(([schema = "", name = ""]) => ({ schema, name })))).toEqual(expected);
});

test("frames are what was put into them, however the stream is cut", () => {
    const frame = fc.record({
        type: fc.constantFrom<FrameType>("R", "O", "D", "C"),
        connection: fc.nat(),
        data: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
        fc.property(fc.array(frame, { maxLength: 5 }), fc.integer({ min: 1, max: 12 }), (frames, size) => {
            const stream = Buffer.concat(frames.map(({ type, connection, data }) => frameOf(type, connection, data)));
            const reader = new FrameReader();
            const read = Array.from({ length: Math.ceil(stream.length / size) }, (_, n) =>
                reader
                    .read(stream.subarray(n * size, (n + 1) * size))
                    .map((one) => ({ ...one, data: Buffer.from(one.data) })),
            );
            expect(read.flat()).toEqual(frames);
        }),
    );
});
