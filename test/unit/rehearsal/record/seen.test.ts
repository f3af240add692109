import { Readable } from "node:stream";
import { beforeAll, describe, expect, test } from "vitest";
import { type LogRecord, logRecords, statementIn } from "../../../../rehearsal/record/log";
import { type Seen, seenIn } from "../../../../rehearsal/record/seen";
import { loadParser } from "../../../../upstreams/parser";

beforeAll(loadParser);

type Entry = Partial<LogRecord> & { backend?: string };

/** A line as csvlog writes it: 26 columns, texts in quotes. */
function line(entry: Entry): string {
    const columns: string[] = Array.from({ length: 26 }, () => "");
    const at = { database: 2, session: 5, severity: 11, code: 12, message: 13, detail: 14, hint: 15 } as const;
    const set = (index: number, text = "") => {
        columns[index] = text === "" ? "" : `"${text.replaceAll('"', '""')}"`;
    };
    for (const [key, index] of Object.entries(at)) {
        set(index, Object.entries(entry).find(([name]) => name === key)?.[1]);
    }
    set(19, entry.query);
    set(23, entry.backend ?? "client backend");
    return `${columns.join(",")}\n`;
}

const base = { database: "dev", session: "s1" };
const said = (sql: string, more: Entry = {}): Entry => ({
    ...base,
    severity: "LOG",
    code: "00000",
    message: `statement: ${sql}`,
    ...more,
});
const refused = (code: string, message: string, more: Entry = {}): Entry => ({
    ...base,
    severity: "ERROR",
    code,
    message,
    ...more,
});

function seen(...entries: Entry[]): Promise<Seen> {
    // In pieces that end anywhere.
    const text = entries.map(line).join("");
    const pieces = text.match(/[\s\S]{1,7}/g) ?? [];
    return seenIn(logRecords(Readable.from(pieces.map((piece) => Buffer.from(piece)))));
}

describe("the server's log", () => {
    test("tells statements, whatever is in them; what a test suite repeats once", async () => {
        const odd = `SELECT 'a, "b"',\n'statement: c', $1 -- ü`;
        const { statements } = await seen(
            said("BEGIN"),
            said(odd),
            said(odd, { session: "s2" }),
            said("COMMIT"),
            said("BEGIN"),
            { ...said("SELECT 2"), message: "execute <unnamed>: SELECT 2" },
            { ...said("SELECT 3"), message: "duration: 3 ms" },
            said("SELECT 4", { backend: "parallel worker" }),
        );
        expect(statements.map(({ sql }) => sql)).toEqual(["BEGIN", odd, "COMMIT", "BEGIN", "SELECT 2"]);
    });

    test("tells which transaction is taken back because it failed", async () => {
        const { statements } = await seen(
            said("ROLLBACK"),
            said("BEGIN"),
            refused("42P01", "no"),
            said("ROLLBACK TO SAVEPOINT a"),
            said("ROLLBACK", { session: "s2" }),
            said("rollback work;"),
            said("ABORT"),
        );
        expect(statements.filter(({ givesUp }) => givesUp).map(({ sql }) => sql)).toEqual(["rollback work;"]);
    });

    test("tells errors, but not those of sessions that were ended", async () => {
        const { errors } = await seen(
            refused("42P01", 'relation "x" does not exist', { query: "SELECT 1" }),
            refused("57P01", "terminating connection due to administrator command", { severity: "FATAL" }),
            refused("08001", "could not connect", { detail: "port 7: refused", hint: "Start it." }),
        );
        expect(errors).toEqual([
            expect.objectContaining({ sql: "SELECT 1", code: "42P01", message: 'relation "x" does not exist' }),
            expect.objectContaining({ code: "08001", hint: "Start it.", detail: "port 7: refused" }),
        ]);
    });

    test("tells what was declared, with its database", async () => {
        const told = { event: "import", context: "", query: "IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b" };
        const { notices } = await seen(
            { ...base, database: "app", severity: "LOG", message: "fdw_stub_rehearsal", detail: JSON.stringify(told) },
            { ...base, severity: "LOG", message: "fdw_stub_rehearsal", detail: '{"event":"unknown"}' },
        );
        expect(notices).toEqual([{ database: "app", notice: told }]);
    });

    test.each([
        ["CREATE DATABASE a", ["a"]],
        ['create  database "B c" TEMPLATE template0', ["B c"]],
        ["SELECT 'CREATE DATABASE a'", []],
        ["CREATE DATABASE", []],
    ])("%s makes %j", async (sql, names) => {
        expect([...(await seen(said(sql))).created]).toEqual(names);
    });

    test.each([
        ["statement: SELECT 1", "SELECT 1"],
        ["execute S_1: SELECT 'a: b'", "SELECT 'a: b'"],
        ["execute fetch from x/y: SELECT 1", "SELECT 1"],
        ["connection authorized", undefined],
    ])("%s", (message, sql) => {
        const record = { database: "", session: "", code: "", detail: "", hint: "", query: "" };
        expect(statementIn({ ...record, severity: "LOG", message })).toBe(sql);
        expect(statementIn({ ...record, severity: "ERROR", message })).toBeUndefined();
    });
});
