import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
    canonicalHost,
    checkAddress,
    checkDatabase,
    checkDevDatabase,
    checkHost,
    checkIdentifier,
    checkPort,
    checkRole,
    checkSchema,
    checkSetting,
    isLoopback,
} from "../../../upstreams/names";

describe("checkHost", () => {
    test.each([
        "upstream_db",
        "db",
        "DB-1",
        "db.internal.example.com",
        "a".repeat(63),
        `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`,
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.1.2.3",
        "::1",
        "_",
        "1db",
        "10.0.0.1",
        "8.8.8.8",
        "fe80::1",
        "2001:DB8::1",
        "::ffff:10.0.0.1",
        "0.0.0.0",
        "::",
        "/var/run/postgresql",
        "/cloudsql/project:region:instance",
        `/${"x".repeat(91)}`,
    ])("takes %s", (host) => {
        expect(checkHost(host)).toBeUndefined();
    });

    test.each([
        "",
        "a..b",
        "a.",
        "-a",
        "a-",
        "a b",
        "a:5432",
        "a/b",
        "größe",
        "a".repeat(64),
        `${"a.".repeat(127)}a`,
        "db,db2",
        "$HOST",
        "a\nb",
        "a\0b",
    ])("refuses %j as no host name", (host) => {
        expect(checkHost(host)).toMatch(/^the host ".*" is no host name; allowed are letters/s);
        expect(checkHost(host)).toContain(JSON.stringify(host));
    });

    test.each([
        ["127.1", "is no whole IPv4 address"],
        ["1", "is no whole IPv4 address"],
        ["256.1.1.1", "is no whole IPv4 address"],
        ["224.0.0.1", "is none that a server can have"],
        ["255.255.255.255", "is none that a server can have"],
        ["0.1.2.3", "is none that a server can have"],
        ["ff02::1", "is none that a server can have"],
        ["fe80::1%eth0", "is no IPv4 or IPv6 address"],
        ["@abstract", "is an abstract socket"],
        [`/${"x".repeat(92)}`, "has 93 bytes; Linux takes sockets in folders of at most 92"],
        ["/a,b", "holds a comma"],
        ["/a\nb", "holds a comma, a line break"],
        ["/a ", "holds a comma, a line break or a NUL character, or ends with white space"],
    ])("refuses %j, which %s", (host, why) => {
        expect(checkHost(host)).toContain(`${JSON.stringify(host)} ${why}`);
    });

    test("refuses whatever could leave its place in the container's hosts file", () => {
        fc.assert(
            fc.property(
                fc.string({ unit: "binary", maxLength: 8 }),
                fc.constantFrom(" ", "\n", "\t", "\r", "#", '"', "'", "\\", "/", "=", "\u00a0", "\0"),
                fc.string({ unit: "binary", maxLength: 8 }),
                (before, bad, after) => {
                    const host = `${before}${bad}${after}`;
                    // A folder is no host alias.
                    fc.pre(!host.startsWith("/"));
                    expect(checkHost(host)).toEqual(expect.any(String));
                },
            ),
        );
    });
});

test.each([
    ["DB.Internal", "db.internal"],
    ["FD00:0:0::5", "fd00::5"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["10.0.0.1", "10.0.0.1"],
    ["/cloudsql/A:b/", "/cloudsql/A:b"],
    ["/", "/"],
])("canonicalHost(%j) is %j", (host, expected) => {
    expect(canonicalHost(host)).toBe(expected);
});

test.each([
    ["10.0.0.1", undefined],
    ["fd00::1", undefined],
    ["::1", undefined],
    ["db", /is no IPv4 or IPv6 address/],
    ["10.0.0", /is no IPv4 or IPv6 address/],
    ["239.0.0.1", /is none that a server can have/],
])("checkAddress(%j) answers %s", (address, expected) => {
    const found = checkAddress(address);
    expect(expected === undefined ? found : expected.test(found ?? "")).toBe(expected === undefined ? undefined : true);
});

test.each([
    ["localhost", true],
    ["LocalHost", true],
    ["127.0.0.1", true],
    ["127.255.255.254", true],
    ["::1", true],
    ["localhost.localdomain", false],
    ["127.example.com", false],
    ["128.0.0.1", false],
    ["upstream_db", false],
    ["0.0.0.0", true],
    ["::", true],
    ["0:0::1", true],
    ["::ffff:127.0.0.1", false],
    ["/var/run/postgresql", false],
])("isLoopback(%j) is %s", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
});

describe("checkPort", () => {
    test.each([1, 5432, 65535])("takes %d", (port) => {
        expect(checkPort(port)).toBeUndefined();
    });

    test.each([0, -1, 65536, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", (port) => {
        expect(checkPort(port)).toBe(`the port ${port} is no TCP port; allowed are whole numbers from 1 to 65535.`);
    });
});

describe("names of database objects", () => {
    test.each(["events", "Events", 'a"b', "a b", "größe", "select", "x".repeat(63), "é".repeat(31), "-- x", "$$"])(
        "%j can be a name of anything",
        (name) => {
            for (const check of [checkIdentifier, checkRole, checkDatabase, checkDevDatabase, checkSchema]) {
                expect(check(name)).toBeUndefined();
            }
        },
    );

    test.each([
        ["", "empty"],
        ["x".repeat(64), "64 bytes"],
        ["é".repeat(32), "64 bytes"],
        ["a\0b", "NUL"],
    ])("%j can be a name of nothing", (name, why) => {
        for (const check of [checkIdentifier, checkRole, checkDatabase, checkDevDatabase, checkSchema]) {
            expect(check(name)).toContain(why);
        }
    });

    test.each([
        [checkRole, "pg_monitor", 'begins with "pg_"'],
        [checkRole, "public", "reserved"],
        [checkRole, "none", "reserved"],
        [checkRole, "current_user", "reserved"],
        [checkRole, "session_user", "reserved"],
        [checkRole, "a\nb", "line break"],
        [checkRole, "/a", "pg_hba.conf"],
        [checkDatabase, "template0", "template"],
        [checkDatabase, "template1", "template"],
        [checkDevDatabase, "template1", "template"],
        [checkDevDatabase, "postgres", "which every server has"],
        [checkSchema, "pg_catalog", "reserved"],
        [checkSchema, "pg_x", "reserved"],
        [checkSchema, "information_schema", "reserved"],
    ])("%o refuses %j: %s", (check, name, why) => {
        expect(check(name)).toContain(why);
        expect(check(name)).toContain(JSON.stringify(name));
    });

    test.each([
        [checkRole, "Pg_monitor"],
        [checkRole, "Public"],
        [checkRole, "postgres"],
        [checkDatabase, "postgres"],
        [checkDatabase, "Template1"],
        [checkSchema, "public"],
        [checkSchema, "pgcrypto"],
    ])("%o takes %j", (check, name) => {
        expect(check(name)).toBeUndefined();
    });
});

describe("checkSetting", () => {
    test.each(["work_mem", "max_connections", "auto_explain.log_min_duration", "Work_Mem", "extension_control_path"])(
        "takes %s",
        (name) => {
            expect(checkSetting(name)).toBeUndefined();
        },
    );

    test.each(["", "a b", "a=b", "1a", "a.b.c", "-c", "a;b", "größe", "a."])("refuses %j as no name", (name) => {
        expect(checkSetting(name)).toContain(`${JSON.stringify(name)} is no name of a setting; allowed are`);
    });

    test.each(["port", "hba_file", "HBA_FILE", "listen_addresses", "data_directory", "password_encryption"])(
        "refuses %s, which belongs to the stack",
        (name) => {
            expect(checkSetting(name)).toBe(
                `the server setting "${name}" belongs to the stack and cannot be changed. Remove it.`,
            );
        },
    );
});
