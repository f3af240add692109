import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dollarQuote, MAX_IDENTIFIER_BYTES, quoteIdent, quoteLiteral, quoteQualified } from "../../../upstreams/quote";
import { columnReference, constants, dig, statementsOf, usePostgresParser } from "./oracle";

usePostgresParser();

/** Text full of what could end a token too early. */
const nasty = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({
        unit: fc.constantFrom("'", '"', "\\", "$", "q", "1", "\n", ";", "--", "/*", "*/", "é", "漢", "😀", "%"),
    }),
    fc.string({ unit: fc.constantFrom("$", "q", "q1", "q2", "stub", "_"), maxLength: 30 }),
);
const text = nasty.filter((value) => !value.includes("\0"));
const identifier = text.filter((value) => value !== "" && Buffer.byteLength(value) <= MAX_IDENTIFIER_BYTES);

describe("quoteIdent", () => {
    test.each([
        ["events", '"events"'],
        ["Events", '"Events"'],
        ["select", '"select"'],
        ['a"b', '"a""b"'],
        ['"', '""""'],
        ["a'b", `"a'b"`],
        ["a\\b", '"a\\b"'],
        ["größe", '"größe"'],
        ["a;DROP TABLE x", '"a;DROP TABLE x"'],
        [" ", '" "'],
        ["x".repeat(63), `"${"x".repeat(63)}"`],
    ])("quotes %j", (name, quoted) => {
        expect(quoteIdent(name)).toBe(quoted);
    });

    test("means the same name to PostgreSQL", () => {
        fc.assert(
            fc.property(identifier, (name) => {
                expect(columnReference(`SELECT ${quoteIdent(name)}`)).toEqual([name]);
            }),
        );
    });

    test.each([
        ["", "empty"],
        ["x".repeat(64), "64 bytes"],
        ["é".repeat(32), "64 bytes"],
        ["😀".repeat(16), "64 bytes"],
        ["a\0b", "NUL"],
    ])("refuses %j", (name, why) => {
        expect(() => quoteIdent(name)).toThrow(why);
    });

    test("refuses exactly the names that PostgreSQL would cut off", () => {
        fc.assert(
            fc.property(
                fc.string({ unit: fc.constantFrom("a", "é", "漢", "😀"), minLength: 1, maxLength: 70 }),
                (name) => {
                    const fits = Buffer.byteLength(name) <= 63;
                    if (fits) {
                        expect(quoteIdent(name)).toBe(`"${name}"`);
                    } else {
                        expect(() => quoteIdent(name)).toThrow("at most 63");
                    }
                },
            ),
        );
    });
});

describe("quoteQualified", () => {
    test("keeps each part apart, dots in names too", () => {
        fc.assert(
            fc.property(identifier, identifier, (schema, name) => {
                expect(columnReference(`SELECT ${quoteQualified(schema, name)}`)).toEqual([schema, name]);
            }),
        );
    });
});

describe("quoteLiteral", () => {
    test.each([
        ["", "''"],
        ["plain", "'plain'"],
        ["it's", "'it''s'"],
        ["''", "''''''"],
        ["a\\b", " E'a\\\\b'"],
        ["\\'", " E'\\\\'''"],
        ["two\nlines", "'two\nlines'"],
        ["$$", "'$$'"],
    ])("quotes %j", (value, quoted) => {
        expect(quoteLiteral(value)).toBe(quoted);
    });

    test("means the same text to PostgreSQL, and nothing else", () => {
        fc.assert(
            fc.property(text, text, (a, b) => {
                expect(constants(`SELECT ${quoteLiteral(a)}, ${quoteLiteral(b)}`)).toEqual([a, b]);
            }),
        );
    });

    test("stays whole behind a keyword without a space", () => {
        fc.assert(
            fc.property(text, (value) => {
                expect(constants(`SELECT${quoteLiteral(value)}`)).toEqual([value]);
            }),
        );
    });

    test("has no lone backslash, which servers with standard_conforming_strings off would take as an escape", () => {
        fc.assert(
            fc.property(text, (value) => {
                expect(quoteLiteral(value).replaceAll("\\\\", "")).not.toContain("\\");
            }),
        );
    });

    test("refuses NUL", () => {
        expect(() => quoteLiteral("a\0b")).toThrow("NUL");
    });
});

describe("dollarQuote", () => {
    test.each([
        ["SELECT 1", "$q$SELECT 1$q$"],
        ["$q$", "$q1$$q$$q1$"],
        ["$q", "$q1$$q$q1$"],
        ["$q1$ $q$", "$q2$$q1$ $q$$q2$"],
        ["ends with $", "$q$ends with $$q$"],
        ["", "$q$$q$"],
    ])("quotes %j", (value, quoted) => {
        expect(dollarQuote(value)).toBe(quoted);
    });

    test("means the same text to PostgreSQL", () => {
        fc.assert(
            fc.property(text, fc.constantFrom("q", "stub", "grants"), (value, tag) => {
                expect(constants(`SELECT ${dollarQuote(value, tag)}`)).toEqual([value]);
            }),
        );
    });

    test("can be nested", () => {
        fc.assert(
            fc.property(text, (value) => {
                const [outer] = statementsOf(`DO ${dollarQuote(`BEGIN EXECUTE ${dollarQuote(value)}; END`, "stub")}`);
                const body = String(dig(outer, "DoStmt", "args", 0, "DefElem", "arg", "String", "sval"));
                expect(constants(`SELECT ${body.slice("BEGIN EXECUTE ".length, -"; END".length)}`)).toEqual([value]);
            }),
        );
    });

    test("refuses NUL", () => {
        expect(() => dollarQuote("a\0b")).toThrow("NUL");
    });
});
