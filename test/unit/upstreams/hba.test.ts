import { describe, expect, test } from "vitest";
import { hbaFile, type Login } from "../../../upstreams/hba";
import type { Connection } from "../../../upstreams/model";

const login = (name: string, more: Partial<Login> = {}): Login => ({ database: "db", name, connections: [], ...more });
const by = (...connections: Connection[]) => ({ connections });

/** The lines of one user in one database, and of all, as `type database method`. */
function linesOf(logins: readonly Login[], user: string): string[] {
    const lines = hbaFile(logins, "dev").trimEnd().split("\n");
    const own = lines.filter((line) => line.split(" ")[2] === `"${user}"`);
    return [
        ...new Set(
            own.map((line) =>
                line.replace(/ (?:127\.0\.0\.0\/8|::1\/128|samehost)(?= )/, "").replace(`"${user}" `, ""),
            ),
        ),
    ];
}

test("trusts only the dev user, from inside, and asks everybody else", () => {
    expect(hbaFile([], "dev")).toBe(
        [
            'local all "dev" trust',
            'host all "dev" 127.0.0.0/8 trust',
            'host all "dev" ::1/128 trust',
            'host all "dev" samehost trust',
            "local all all scram-sha-256",
            "host all all all scram-sha-256",
            "",
        ].join("\n"),
    );
});

describe("a user", () => {
    const trusted = ["local all trust", "host all trust"];
    const inDb = (method: string) => [`local "db" ${method}`, `host "db" ${method}`];
    test.each<[string, Login[], string[]]>([
        ["with a password is asked", [login("u", { password: "p" })], []],
        ["without one is trusted", [login("u")], trusted],
        ["that the schema creates is asked", [login("u", { created: true })], []],
        ["that it creates without a password is trusted", [login("u", { created: true, trusted: true })], trusted],
        [
            "with a password in one database only is trusted in the other",
            [login("u", { password: "p" }), login("u", { database: "b" })],
            ['local "b" trust', 'host "b" trust'],
        ],
        ["that passes a secret through is asked", [login("u", by({ use_scram_passthrough: "true" }))], []],
        [
            "that shows a certificate needs one",
            [login("u", by({ sslcert: "/c" }, { sslcertmode: "require" }))],
            ['hostssl "db" trust clientcert=verify-ca'],
        ],
        ["that shows one only sometimes does not", [login("u", by({ sslcert: "/c" }, {}))], trusted],
        ["that has a password too is asked", [login("u", { password: "p", ...by({ sslcert: "/c" }) })], []],
        [
            "that wants to be asked in the clear is",
            [login("u", { password: "p", ...by({ require_auth: "password" }) })],
            inDb("password"),
        ],
        [
            "that refuses SCRAM is asked in the clear",
            [login("u", { password: "p", ...by({ require_auth: "!scram-sha-256" }) })],
            inDb("password"),
        ],
        ["that must not be asked is not", [login("u", { password: "p", ...by({ require_auth: "none" }) })], trusted],
        [
            "that wants what there is none of is asked by SCRAM",
            [login("u", { password: "p", ...by({ require_auth: "md5" }) })],
            [],
        ],
    ])("%s", (_, logins, expected) => {
        expect(linesOf(logins, "u")).toEqual(expected);
    });
});

describe("the dev user", () => {
    const trusted = ["local all trust", "host all trust"];
    const asked = ['local "db" scram-sha-256', 'host "db" scram-sha-256', ...trusted];
    test.each<[string, Login[], string[]]>([
        ["is trusted, whatever password a mapping gives it", [login("dev", { password: "p" })], trusted],
        ["is asked where its secret passes through", [login("dev", by({ use_scram_passthrough: "on" }, {}))], asked],
        [
            "is trusted where somebody else must be asked by SCRAM",
            [login("u", { password: "p", ...by({ channel_binding: "require" }, {}) })],
            trusted,
        ],
        [
            "is asked in the clear where somebody else must be, to examine that",
            [login("u", { password: "p", ...by({ require_auth: "password" }) })],
            ['local "db" password', 'host "db" password', ...trusted],
        ],
        ["is trusted where something does", [login("dev", by({ channel_binding: "require" }, {}))], trusted],
    ])("%s", (_, logins, expected) => {
        expect(linesOf(logins, "dev")).toEqual(expected);
    });
});

test("a name that means something to pg_hba.conf is only a name", () => {
    const names = ["all", "replication", "+group", "#x", 'Odd "one"', "@file"];
    const lines = hbaFile(
        names.map((name) => login(name)),
        "dev",
    ).split("\n");
    for (const name of names) {
        expect(lines).toContain(`local all "${name.replaceAll('"', '""')}" trust`);
    }
});

test.each(["/regular expression", "line\nbreak"])("a database that it cannot name, %j, is left out", (database) => {
    const file = hbaFile([login("u", { database, ...by({ sslcert: "/c" }) })], "dev");
    expect(file.split("\n").every((line) => line === "" || /^(?:local|host) all /.test(line))).toBe(true);
});
