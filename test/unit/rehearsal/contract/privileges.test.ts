import { describe, expect, test } from "vitest";
import { sortFailures } from "../../../../rehearsal/contract/failures";
import { isGranted, type Privileges, privilegeStatements } from "../../../../rehearsal/contract/privileges";
import { loadParser, parseSql } from "../../../../upstreams/parser";

const table = (name: string, privileges = "SELECT") => ({ kind: "TABLE", name, privileges }) as const;
const CONNECT = { kind: "DATABASE", name: "", privileges: "CONNECT" } as const;

function privileges(
    roles: Record<string, Privileges["roles"] extends ReadonlyMap<string, infer T> ? T : never>,
    revoked: Privileges["revoked"] = [],
): Privileges {
    return { roles: new Map(Object.entries(roles)), revoked, members: new Map() };
}

describe("privileges of a stub's logins", () => {
    test("are granted to those that the contract mentions", () => {
        const told = privileges(
            {
                reader: [CONNECT, table("a.t"), table("a.u"), table("a.v", "INSERT, SELECT")],
                'odd "name"': [CONNECT],
                gone: [CONNECT, table("a.t")],
            },
            [{ kind: "ROUTINE", name: "a.f()", privileges: "EXECUTE" }],
        );
        const users = [
            { name: "reader" },
            { name: 'odd "name"' },
            { name: "stranger" },
            { name: "gone", created: true },
        ];
        expect(users.map((user) => isGranted(told, user))).toEqual([true, true, false, false]);
        expect(privilegeStatements(told, users)).toEqual([
            "REVOKE EXECUTE ON ROUTINE a.f() FROM PUBLIC;",
            'GRANT SELECT ON TABLE a.t, a.u TO "reader";',
            'GRANT INSERT, SELECT ON TABLE a.v TO "reader";',
        ]);
        expect(privilegeStatements(told, [{ name: "stranger" }])).toEqual([]);
    });

    test("a login that may not connect cannot, and the others still can", async () => {
        await loadParser();
        const statements = privilegeStatements(privileges({ "%I'$q$": [CONNECT], locked: [] }), [
            { name: "%I'$q$" },
            { name: "locked" },
            { name: "stranger" },
        ]);
        expect(statements).toHaveLength(3);
        expect(statements[0]).toContain("REVOKE CONNECT ON DATABASE %I FROM PUBLIC");
        expect(statements[1]).toContain(`TO "%%I''$q$"`);
        for (const sql of statements) {
            expect(parseSql(sql)).toHaveProperty("nodes");
        }
    });

    test("a role that the schema makes later could not be let in again", () => {
        const told = privileges({ locked: [] });
        expect(privilegeStatements(told, [{ name: "locked" }, { name: "later", created: true }])).toEqual([]);
    });

    test("many objects are granted some at a time", () => {
        const many = Array.from({ length: 120 }, (_, n) => table(`s.t${n}`));
        const statements = privilegeStatements(privileges({ r: [CONNECT, ...many] }), [{ name: "r" }]);
        expect(statements.map((sql) => sql.split(",").length)).toEqual([50, 50, 20]);
    });
});

describe("statements of a contract that PostgreSQL refuses", () => {
    const failure = (sql: string, message = "no", code = "42704") => ({
        place: { file: "f", line: 1 },
        sql,
        code,
        message,
    });

    test.each<[string, ReturnType<typeof failure>, number]>([
        ["a setting of a newer server", failure("SET transaction_timeout = 0"), 0],
        ["a tablespace", failure("CREATE TABLESPACE x LOCATION '/x'"), 0],
        ["what is said to a database", failure("ALTER DATABASE d SET x = 1"), 0],
        ["a role's setting", failure('ALTER ROLE "a b" SET x = 1'), 0],
        [
            "the superuser is there already",
            failure("CREATE ROLE postgres", 'role "postgres" already exists', "42710"),
            0,
        ],
        ["any other role is not", failure("CREATE ROLE a", 'role "a" already exists', "42710"), 1],
        ["a table", failure("CREATE TABLE t (a x)"), 1],
        ["an owner", failure("ALTER TABLE t OWNER TO x"), 1],
    ])("%s", (_name, one, serious) => {
        expect(sortFailures([one], "postgres").serious).toHaveLength(serious);
    });

    test("an extension that the image lacks, and what is said about it", () => {
        const lacks = failure('CREATE EXTENSION "a-b"', 'extension "a-b" is not available', "0A000");
        const sorted = sortFailures(
            [lacks, failure("COMMENT ON EXTENSION \"a-b\" IS 'x'"), failure("COMMENT ON EXTENSION c IS 'x'")],
            "postgres",
        );
        expect([...sorted.lacking.keys()]).toEqual(["a-b"]);
        expect(sorted.serious).toHaveLength(1);
    });
});
