// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of shell templates are what is tested
/** What holds of reading, whatever the text. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Lexer, PLAIN_HOST } from "../../../schema/read/lexer";
import type { StatementOutcome } from "../../../schema/read/statement";
import { codes, read, row, sqlOf } from "./reading";

/** Text for the inside of a token: anything that means something elsewhere. */
const inside = fc
    .array(
        fc.oneof(
            fc.string({ unit: "grapheme", maxLength: 4 }),
            fc.constantFrom(";", "--", "/*", "*/", '"', "\\", "\\;", "(", ")", "\n", "BEGIN", "COPY", "$", "$$", ":x"),
        ),
        { maxLength: 5 },
    )
    .map((parts) => parts.join("").replaceAll("\0", "").replaceAll("\ufeff", ""));

/** A token of SQL, and no placeholder. */
const token: fc.Arbitrary<string> = fc.letrec<{ token: string }>((tie) => ({
    token: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(
            "SELECT",
            "x",
            "from",
            "END",
            "CASE",
            "stdin",
            "größe",
            "a$b",
            "1",
            "1.5e3",
            "+",
            "<=",
            "::int",
            ",",
        ),
        inside.map((text) => `'${text.replaceAll("'", "''").replace(/[$:@{%<]/g, "_")}'`),
        inside.map((text) => `E'${text.replace(/[\\']/g, "\\$&").replace(/[$:@{%<]/g, "_")}'`),
        inside.map((text) => `"${text.replaceAll('"', '""').replace(/[$:@{%<]/g, "_")}"`),
        inside.map((text) => `$t$${text.replaceAll("$", "_")}$t$`),
        inside.map((text) => `$$${text.replaceAll("$", "_")}$$`),
        inside.map((text) => `--${text.replaceAll("\n", "")}\n`),
        inside.map((text) => `/*${text.replace(/\/|\*/g, "")}/* ' */ " */`),
        fc.array(tie("token"), { maxLength: 3 }).map((parts) => `(${parts.join(" ")}\n; )`),
    ),
})).token;

const statement = fc.array(token, { maxLength: 8 }).map((tokens) => `SELECT ${[...tokens, "x"].join(" ")}`);

describe("properties of reading", () => {
    test("statements put together are cut apart again", async () => {
        await fc.assert(
            fc.asyncProperty(fc.array(statement, { maxLength: 6 }), async (statements) => {
                const found = await read(statements.map((sql) => `${sql};\n`).join("\n"), { answer: () => ({}) });
                expect(sqlOf(found)).toEqual(statements);
                expect(found.findings).toEqual([]);
                let line = 1;
                for (const [index, sql] of statements.entries()) {
                    expect(found.statements[index]?.line).toBe(line);
                    line += sql.split("\n").length + 1;
                }
            }),
            { numRuns: 300 },
        );
    });

    test("rows of COPY come through exactly", async () => {
        const line = fc
            .string({ unit: "grapheme", maxLength: 12 })
            .filter((text) => !/\n|\0/.test(text) && !/^\\\.\r?$/.test(text));
        await fc.assert(
            fc.asyncProperty(fc.array(line, { maxLength: 8 }), statement, async (lines, sql) => {
                const data = lines.map((each) => `${each}\n`).join("");
                const found = await read(`SELECT 1;\nCOPY t FROM STDIN;\n${data}\\.\n${sql};`, { answer: () => ({}) });
                expect(found.statements.map((each) => each.copyData)).toEqual([undefined, data, undefined]);
                expect(found.statements[2]).toMatchObject({ sql, line: lines.length + 4 });
            }),
            { numRuns: 200 },
        );
    });

    /** What would be a placeholder elsewhere. */
    const placeholder = fc.constantFrom(
        ":x",
        ":'x'",
        ':"x"',
        "${X}",
        "$XY",
        "{{ x }}",
        "%(x)s",
        "<%= x %>",
        "@XY@",
        "@@X@@",
    );
    const psqlOnly = fc.constantFrom(":x", ":'x'", ':"x"', ":{?x}");

    test("no comment holds a placeholder, and no quoted text holds psql's", async () => {
        const wrapped = fc.oneof(
            placeholder.map((text) => `-- a ${text} b\n`),
            placeholder.map((text) => `/* a ${text} /* ${text} */ */`),
            placeholder.map((text) => `$$ BEGIN -- ${text}\n /* ${text} */ END $$`),
            psqlOnly.map((text) => `$$ a ${text} b $$`),
            psqlOnly.map((text) => `$q$ 'a ${text.replaceAll("'", "")}' $q$`),
            psqlOnly.map((text) => `'a ${text.replaceAll("'", "''")}'`),
            psqlOnly.map((text) => `"a ${text.replaceAll('"', '""')}"`),
        );
        await fc.assert(
            fc.asyncProperty(fc.array(wrapped, { minLength: 1, maxLength: 5 }), async (parts) => {
                const sql = `SELECT ${parts.join(" ")} x`;
                const found = await read(`${sql};`, { answer: () => ({}), variables: {} });
                expect(sqlOf(found)).toEqual([sql]);
                expect(found.findings).toEqual([]);
                expect(found.standIns.size).toBe(0);
            }),
            { numRuns: 200 },
        );
    });

    test("a value that \\gset or \\set gives arrives as it is", async () => {
        const value = fc.string({ unit: "grapheme", maxLength: 15 }).filter((text) => !text.includes("\0"));
        const literal = (text: string) =>
            text.includes("\\")
                ? `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
                : `'${text.replaceAll("'", "''")}'`;
        await fc.assert(
            fc.asyncProperty(value, async (text) => {
                const wanted = `SELECT ${literal(text)}`;
                const answer = () => row({ x: text });
                const got = await read("SELECT 1 AS x \\gset\nSELECT :'x';", { answer });
                expect(sqlOf(got)[1]?.replace(/\s+/g, " ")).toBe(wanted.replace(/\s+/g, " "));
                const written = text.replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
                // A template's tags in it would be filled in.
                fc.pre(!/[$@{%<`]/.test(text));
                const set = await read(`\\set x '${written}'\nSELECT :'x';`, { answer });
                expect(sqlOf(set)[0]?.replace(/\s+/g, " ")).toBe(wanted.replace(/\s+/g, " "));
            }),
            { numRuns: 200 },
        );
    });

    /** Pieces that mean something to the reader, in any order and number. */
    const piece = fc.oneof(
        fc.string({ maxLength: 12 }),
        placeholder,
        fc.constantFrom(
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd');",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;",
            "SELECT 'SELECT 2' AS a \\gexec\n",
            "SELECT 1 AS a \\gset\n",
            "\\if :x\n",
            "\\elif :{?x}\n",
            "\\else\n",
            "\\endif\n",
            "\\c x y\n",
            "\\i schema.sql\n",
            "\\copy t from schema.sql\n",
            "\\copy t from stdin\n",
            "\\set x `echo $y`\n",
            "\\set",
            "\\g",
            "\\r",
            "\\\\",
            "COPY t FROM stdin;\n",
            "\\.\n",
            "-- +goose Up\n",
            "-- +goose Down\n",
            "-- migrate:up\n",
            "--liquibase formatted sql\n",
            "OPTIONS (",
            "host '",
            "postgres://",
            "${A",
            "<%= b",
            "@A",
            "'",
            '"',
            "`",
            "$$",
            "$a$",
            "/*",
            "*/",
            "(",
            ")",
            "[",
            ";",
            "\n",
            "E'\\",
        ),
    );
    const text = fc.array(piece, { maxLength: 25 }).map((parts) => parts.join(" "));
    const outcome: fc.Arbitrary<StatementOutcome | undefined> = fc.oneof(
        fc.constantFrom<StatementOutcome | undefined>(
            undefined,
            {},
            { error: { code: "42601", message: "no", position: 3 } },
            { error: { code: "42P01", message: "no" } },
            { rows: { columns: [], rows: [[]] } },
        ),
        fc.string().map((value) => row({ a: value, b: null })),
    );

    test("nothing throws and all ends, whatever the text and the answers", async () => {
        await fc.assert(
            fc.asyncProperty(text, fc.array(outcome, { minLength: 1, maxLength: 4 }), async (sql, answers) => {
                let count = 0;
                const found = await read(sql, {
                    answer: () => answers[count++ % answers.length],
                    variables: { X: "x'" },
                });
                for (const each of found.statements) {
                    expect(each.sql).not.toContain("\0");
                    expect(each.words.length).toBeLessThanOrEqual(6);
                }
                expect(codes(found)).not.toContain(undefined);
            }),
            { numRuns: 500 },
        );
    });

    test("nor whatever the bytes and the tool", async () => {
        const names = [
            "V1__a.sql",
            "1_a.up.sql",
            "sqitch.plan",
            "sqitch.conf",
            "changelog.xml",
            "changelog.yaml",
            "atlas.sum",
            "structure.sql",
            "x/up.sql",
            "deploy/a.sql",
        ];
        const folder = fc.dictionary(fc.constantFrom(...names), fc.string({ maxLength: 60 }));
        await fc.assert(
            fc.asyncProperty(folder, async (files) => {
                const within = Object.fromEntries(Object.entries(files).map(([path, body]) => [`d/${path}`, body]));
                const found = await read(within, { paths: ["d"] });
                expect(Array.isArray(found.findings)).toBe(true);
            }),
            { numRuns: 200 },
        );
    });

    test("what the lexer cuts is the text, without what lies between", () => {
        fc.assert(
            fc.property(text, (sql) => {
                const lexer = new Lexer(sql, PLAIN_HOST);
                let end = 0;
                for (let next = lexer.next(); next !== undefined; next = lexer.next()) {
                    if (next.kind === "statement") {
                        expect(next.start).toBeGreaterThanOrEqual(end);
                        expect(next.end).toBeGreaterThan(next.start);
                        expect(next.line).toBe(sql.slice(0, next.start).split("\n").length);
                        end = next.end;
                    }
                }
            }),
            { numRuns: 300 },
        );
    });
});
