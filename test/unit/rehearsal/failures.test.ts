import { describe, expect, test } from "vitest";
import type { FailureFact } from "../../../rehearsal/facts";
import { failureFindings } from "../../../rehearsal/failures";

let line = 0;
function failure(sql: string, message: string, rest: Partial<FailureFact> = {}): FailureFact {
    line += 1;
    return { place: { file: "s.sql", line }, sql, code: "42P01", message, ...rest };
}
const lost = (name: string) => `relation "${name}" does not exist`;

const LENIENT = { strict: false, mappings: [], devUser: "postgres" };

describe("causes", () => {
    test.each<[string, FailureFact[], string[]]>([
        ["none", [], []],
        ["one", [failure("SELECT 1/0", "division by zero", { code: "22012" })], ["division by zero."]],
        [
            "the same text again and again",
            Array.from({ length: 60 }, (_, n) => failure(`SELECT ${n} FROM gone`, lost("gone"))),
            ['relation "gone" does not exist. 59 more statements fail for it.'],
        ],
        [
            "what a failed statement would have made",
            [
                failure("CREATE TABLE app.t (x nowhere)", 'type "nowhere" does not exist', { code: "42704" }),
                failure("SELECT * FROM app.t", lost("app.t")),
                failure("ALTER TABLE t ADD y int", lost("t")),
            ],
            ['type "nowhere" does not exist. 2 more statements fail for it.'],
        ],
        [
            "and what comes of that in turn",
            [
                failure("CREATE TABLE t (x nowhere)", 'type "nowhere" does not exist', { code: "42704" }),
                failure("CREATE VIEW v AS SELECT * FROM t", lost("t")),
                failure("CREATE VIEW w AS SELECT * FROM v", lost("v")),
            ],
            ['type "nowhere" does not exist. 2 more statements fail for it.'],
        ],
        [
            "an extension, and all that needs it",
            [
                failure("CREATE EXTENSION postgis", 'extension "postgis" is not available', { code: "0A000" }),
                failure("CREATE EXTENSION postgis_topology", 'extension "postgis_topology" is not available', {
                    code: "0A000",
                }),
            ],
            [
                'extension "postgis" is not available. The image lacks it: name one that has postgis with the key `image`.',
                'extension "postgis_topology" is not available. The image lacks it: name one that has postgis_topology with the key `image`.',
            ],
        ],
        [
            "two causes stay two",
            [
                failure("SELECT * FROM a", lost("a")),
                failure("SELECT * FROM b", lost("b")),
                failure("SELECT 1 FROM a", lost("a")),
            ],
            ['relation "a" does not exist. One more statement fails for it.', 'relation "b" does not exist.'],
        ],
        [
            "a server that is not there",
            [
                failure("CREATE SERVER s FOREIGN DATA WRAPPER w", 'foreign-data wrapper "w" does not exist', {
                    code: "42704",
                }),
                failure("CREATE USER MAPPING FOR PUBLIC SERVER s", 'server "s" does not exist', { code: "42704" }),
                failure("CREATE FOREIGN TABLE t (a int) SERVER s", 'server "s" does not exist', { code: "42704" }),
                failure("SELECT * FROM t", lost("t")),
            ],
            ['foreign-data wrapper "w" does not exist. 3 more statements fail for it.'],
        ],
    ])("%s", (_name, failures, texts) => {
        const found = failureFindings(failures, LENIENT);
        expect(
            found.map(({ message }) =>
                message.replace(/^PostgreSQL refuses this statement: (.*) The statement: .*$/s, "$1"),
            ),
        ).toEqual(texts);
        expect(found.every(({ severity, code }) => severity === "warning" && code === "statement-failed")).toBe(true);
        expect(found.map((each) => each.line)).toEqual(
            texts.map((text) => failures.find((each) => text.startsWith(each.message))?.place.line),
        );
    });

    test("strict makes it an error", () => {
        expect(
            failureFindings([failure("SELECT 1/0", "division by zero")], { ...LENIENT, strict: true })[0]?.severity,
        ).toBe("error");
    });

    test("detail and hint are PostgreSQL's own", () => {
        const [found] = failureFindings(
            [
                failure("SELECT f('x')", "function f(unknown) does not exist", {
                    code: "42883",
                    detail: "D.",
                    hint: "H.",
                }),
            ],
            LENIENT,
        );
        expect(found?.message).toBe(
            "PostgreSQL refuses this statement: function f(unknown) does not exist (D. Hint: H.). The statement: SELECT f('x')",
        );
    });
});

describe("secrets", () => {
    test.each<[string, string]>([
        ["a mapping", "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'x', password 'geheim')"],
        ["doubled quotes", "CREATE USER MAPPING FOR u SERVER s OPTIONS (password 'ab''geheim')"],
        ["SET password", "ALTER USER MAPPING FOR u SERVER s OPTIONS (SET PassWord  'geheim')"],
        ["a quoted option", `CREATE USER MAPPING FOR u SERVER s OPTIONS ("password" 'geheim')`],
        ["a role", "CREATE ROLE u LOGIN PASSWORD 'geheim'"],
        ["an escape string", "CREATE ROLE u LOGIN PASSWORD E'geheim'"],
        ["a connection string", "SELECT dblink('host=h password=geheim', 'SELECT 1')"],
        ["a quoted one", "SELECT dblink('host=h password=''geheim''', 'SELECT 1')"],
        ["a URI", "SELECT dblink('postgres://u:geheim@h/d', 'SELECT 1')"],
        ["a dollar-quoted one", "CREATE ROLE u PASSWORD $$geheim$$"],
    ])("of %s are not shown", (_name, sql) => {
        const [found] = failureFindings([failure(sql, `syntax: ${sql}`, { detail: sql, hint: sql })], LENIENT);
        expect(found?.message).not.toContain("geheim");
    });
});
