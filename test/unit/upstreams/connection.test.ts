import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
    connectionNeeds,
    connectionUpstreams,
    demandsTls,
    type Options,
    proxyWords,
} from "../../../upstreams/connection";
import { parseConninfo } from "../../../upstreams/conninfo";

/** One line: targets, database, user, and codes of findings. */
function compact(server: Options, mapping: Options = {}): string {
    const { targets, database, user, findings } = connectionNeeds(
        { dbname: "d", ...server },
        { user: "u", ...mapping },
    );
    const places = targets.map(
        ({ host, hostaddr, port }) => `${host}${hostaddr === undefined ? "" : `=${hostaddr}`}:${port}`,
    );
    return [`${places.join(",")}/${database} ${user}`, ...findings.map(({ code }) => code)].join(" ");
}

describe("an address", () => {
    test.each<[Options, string]>([
        [{}, "localhost:5432/d u"],
        [{ host: "" }, "localhost:5432/d u"],
        [{ host: "127.0.0.1" }, "localhost:5432/d u"],
        [{ host: "::1" }, "localhost:5432/d u"],
        [{ host: "/run/postgresql/", port: "5433" }, "localhost:5433/d u"],
        [{ host: "127.0.0.2" }, "127.0.0.2:5432/d u"],
        [{ host: "DB.internal" }, "db.internal:5432/d u"],
        [{ host: "10.0.0.5" }, "10.0.0.5:5432/d u"],
        [{ host: "FD00:0::5", port: "6432" }, "fd00::5:6432/d u"],
        [{ host: "db", hostaddr: "10.0.0.5" }, "db=10.0.0.5:5432/d u"],
        [{ host: "10.0.0.6", hostaddr: "10.0.0.6" }, "10.0.0.6:5432/d u"],
        [{ hostaddr: "127.0.0.1" }, "localhost:5432/d u"],
        [{ host: "/cloudsql/p:r:i" }, "/cloudsql/p:r:i:5432/d u"],
        [{ host: "a,b", port: "1,2" }, "a:1,b:2/d u"],
        [{ host: "a, b", port: "1" }, "a:1,b:1/d u"],
        [{ host: "a,,b", port: "1,,3" }, "a:1,localhost:5432,b:3/d u"],
        [{ host: "a,b", hostaddr: "10.0.0.5," }, "a=10.0.0.5:5432,b:5432/d u"],
        [{ host: "a,b", hostaddr: "10.0.0.5" }, "/d u host-count"],
        [{ host: "a,b,c", port: "1,2" }, "/d u port-count"],
        [{ host: "a", port: "0" }, "/d u port"],
        [{ host: "a,b", port: "x,2" }, "b:2/d u port"],
        [{ host: "a b" }, "/d u host-name"],
        [{ host: "@abstract" }, "/d u host-name"],
        [{ hostaddr: "239.0.0.1" }, "/d u host-address"],
        [{ dbname: "template1" }, "/template1 u database"],
    ])("%j is %s", (server, expected) => {
        expect(compact(server)).toBe(expected);
    });
});

describe("what cannot be answered", () => {
    test.each<[Options, string[]]>([
        [{ sslmode: "verify-full", sslrootcert: "/a" }, []],
        [{ gssencmode: "require" }, ["gss-required"]],
        [{ gssencmode: "prefer" }, []],
        [{ target_session_attrs: "standby" }, ["session-attrs"]],
        [{ target_session_attrs: "read-only" }, ["session-attrs"]],
        [{ target_session_attrs: "prefer-standby" }, []],
        [{ require_auth: "md5,gss" }, ["auth-required"]],
        [{ require_auth: "!none" }, []],
        [{ require_auth: "scram-sha-256" }, []],
        [{ ssl_max_protocol_version: "TLSv1.1" }, ["tls-version"]],
        [{ sslkey: "engine:key" }, ["ssl-engine"]],
        [{ sslmode: "disable", channel_binding: "require" }, ["ssl-disabled"]],
        [{ sslrootcert: "/a\nb" }, ["line-break"]],
        [{ options: "endpoint=ep-1" }, ["proxy-option"]],
        [{ options: "-c search_path=x" }, []],
        [{ service: "s", dbname: "" }, ["service"]],
    ])("%j: %j", (server, codes) => {
        const { findings } = connectionNeeds({ host: "h", dbname: "d", ...server }, {}, "Server s");
        expect(findings.map(({ code }) => code)).toEqual(codes);
        for (const { message } of findings) {
            expect(message).toMatch(/^Server s .*\.$/s);
        }
    });
});

test("names and secrets: the mapping wins, and no secret is kept in the connection", () => {
    const needs = connectionNeeds(
        { host: "h", sslmode: "require", sslcert: "/server", extensions: "a, b", use_remote_estimate: "true" },
        { user: "u", password: "p", sslcert: "/mapping", sslpassword: "q", password_required: "false" },
    );
    expect(needs).toEqual({
        targets: [{ host: "h", port: 5432 }],
        database: "u",
        databaseFrom: "user",
        user: "u",
        userNamed: true,
        password: "p",
        extensions: ["a", "b"],
        connection: { user: "u", sslmode: "require", sslcert: "/mapping" },
        findings: [],
    });
    expect(connectionUpstreams(needs)).toEqual([
        {
            host: "h",
            port: 5432,
            database: "u",
            users: [{ name: "u", password: "p" }],
            extensions: [
                { name: "a", optional: true },
                { name: "b", optional: true },
            ],
            connections: [needs.connection],
            ddl: [],
            tables: [],
        },
    ]);
});

test("without a user it is the system's, and without a database the user's", () => {
    expect(connectionNeeds({ host: "h" })).toMatchObject({ user: "postgres", userNamed: false, database: "postgres" });
    expect(connectionNeeds({ service: "s" }, { user: "" })).toMatchObject({ database: "s", databaseFrom: "service" });
});

test.each<[Options, boolean]>([
    [{}, false],
    [{ sslmode: "prefer", sslrootcert: "/a" }, false],
    [{ sslmode: "require" }, true],
    [{ sslrootcert: "system" }, true],
    [{ sslrootcert: "system", sslmode: "disable" }, false],
    [{ sslnegotiation: "direct" }, true],
    [{ channel_binding: "require" }, true],
    [{ sslcertmode: "require" }, true],
    [{ requiressl: "1" }, true],
])("%j demands TLS: %s", (connection, expected) => {
    expect(demandsTls(connection)).toBe(expected);
});

test.each([
    ["-c a=1 -cb=2 --c=3 endpoint=x", ["endpoint=x"]],
    ["project=a\\ b -c work_mem=1MB", ["project=a b"]],
    ["reference=abc", ["reference=abc"]],
    ["", []],
])("of the options %j a proxy's are %j", (options, expected) => {
    expect(proxyWords(options)).toEqual(expected);
});

describe("a connection string", () => {
    test.each<[string, Options | undefined]>([
        [
            "host=a dbname='b c' password='it\\'s' port = 5433",
            { host: "a", dbname: "b c", password: "it's", port: "5433" },
        ],
        ["host=a\\ b", { host: "a b" }],
        ["host='' user=u", { host: "", user: "u" }],
        ["host=a host=b", { host: "b" }],
        ["host", undefined],
        ["host=a dbname", undefined],
        ["host='a", undefined],
        ["host='a'dbname=b", undefined],
        ["", undefined],
        ["my_server", undefined],
        ["postgresql://", {}],
        [
            "postgres://u:p%40ss@h:5433/d%20b?sslmode=require&options=-c%20a%3Db",
            {
                user: "u",
                password: "p@ss",
                host: "h",
                port: "5433",
                dbname: "d b",
                sslmode: "require",
                options: "-c a=b",
            },
        ],
        ["postgresql://[fd00::1]:6432,b/d", { host: "fd00::1,b", port: "6432,", dbname: "d" }],
        ["postgresql://%2Fcloudsql%2Fp:5432/d", { host: "/cloudsql/p", port: "5432", dbname: "d" }],
        ["postgresql:///d?host=/tmp&port=1", { host: "/tmp", port: "1", dbname: "d" }],
        ["postgresql://h/d?ssl=true", { host: "h", dbname: "d", sslmode: "require" }],
        ["postgresql://h/d?a", undefined],
        ["postgresql://h/%zz", undefined],
        ["postgresql://h:port/d", undefined],
    ])("%j is %j", (text, expected) => {
        expect(parseConninfo(text)).toEqual(expected);
    });

    test("gives back every value that libpq's quoting carries", () => {
        const value = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => !text.includes("\0"));
        fc.assert(
            fc.property(value, value, (host, password) => {
                const quoted = (text: string) => `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
                expect(parseConninfo(`host=${quoted(host)} password=${quoted(password)}`)).toEqual({ host, password });
            }),
        );
    });
});

test("never throws, whatever the options", () => {
    const option = fc.constantFrom(
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "sslmode",
        "options",
        "service",
        "sslkey",
    );
    fc.assert(
        fc.property(fc.dictionary(option, fc.string({ unit: "binary", maxLength: 20 })), (server) => {
            const needs = connectionNeeds(server);
            expect(needs.targets.length === 0 ? needs.findings.length : 1).toBeGreaterThan(0);
        }),
    );
});
