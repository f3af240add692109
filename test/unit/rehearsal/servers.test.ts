import { describe, expect, test } from "vitest";
import { type Facts, noFacts } from "../../../rehearsal/facts";
import { clientFiles, databasesOfServer, serverOptions, userOf } from "../../../rehearsal/servers";

const place = { file: "s.sql", line: 1 };

function facts(
    servers: ReadonlyArray<[string, Record<string, string>]>,
    mappings: ReadonlyArray<[string, Record<string, string>]> = [],
): Facts {
    const found = noFacts();
    for (const [name, options] of servers) {
        found.servers.push({ name, handled: true, options, place });
    }
    for (const [server, options] of mappings) {
        found.mappings.push({ server, role: "PUBLIC", options, place });
    }
    return found;
}

describe("servers", () => {
    test("the options are those of the last moment", () => {
        const found = facts([
            ["s", { host: "a" }],
            ["t", { host: "x" }],
            ["s", { host: "b" }],
        ]);
        expect(serverOptions(found, "s")).toEqual({ host: "b" });
        expect(serverOptions(found, "nobody")).toEqual({});
    });

    test.each<[string, Facts, string[]]>([
        ["its dbname", facts([["s", { dbname: "d" }]], [["s", { user: "u" }]]), ["d"]],
        [
            "or those that its users are called like, each once",
            facts(
                [["s", {}]],
                [
                    ["s", { user: "u" }],
                    ["s", { user: "v" }],
                    ["s", { user: "u" }],
                    ["t", { user: "w" }],
                ],
            ),
            ["u", "v"],
        ],
        ["an empty dbname is none", facts([["s", { dbname: "" }]], [["s", { user: "" }]]), ["postgres"]],
        ["nobody: the user that runs the server", facts([["s", {}]]), ["postgres"]],
        [
            "another host has a stub of its own",
            facts([["s", { host: "h,k", port: "5432,6432", dbname: "d" }]]),
            ["d@h:5432", "d@k:6432"],
        ],
    ])("databases: %s", (_name, found, databases) => {
        expect(databasesOfServer(found, "s", new Set())).toEqual(databases);
    });

    test("users: libpq takes the one that runs the server where none is named", () => {
        const options: Array<Record<string, string>> = [{}, { user: "" }, { user: "u" }];
        expect(options.map(userOf)).toEqual(["postgres", "postgres", "u"]);
    });

    test.each<[string, Facts, string, [string, string]]>([
        ["both named by the server", facts([["s", { sslcert: "/c", sslkey: "/k" }]]), "/k", ["/c", "/k"]],
        ["by the mapping", facts([["s", {}]], [["s", { sslcert: "/c", sslkey: "/k" }]]), "/c", ["/c", "/k"]],
        ["the key by default", facts([["s", { sslcert: "/x/c" }]]), "/x/c", ["/x/c", "/x/postgresql.key"]],
        [
            "neither",
            facts([]),
            "/home/.postgresql/postgresql.key",
            ["/home/.postgresql/postgresql.crt", "/home/.postgresql/postgresql.key"],
        ],
    ])("a client's files: %s", (_name, found, path, expected) => {
        expect(clientFiles(found, path)).toEqual(expected);
    });
});
