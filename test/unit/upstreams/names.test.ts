import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
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
        "/var/run/postgresql",
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

    test.each(["10.0.0.1", "8.8.8.8", "fe80::1", "2001:db8::1", "127.1", "0.0.0.0", "::", "1", "256.1.1.1"])(
        "refuses the address %s, which no host alias can answer",
        (host) => {
            expect(checkHost(host)).toContain(`${JSON.stringify(host)} is an address`);
            expect(checkHost(host)).toContain("Use a host name");
        },
    );

    test("refuses whatever could leave its place in the container's hosts file", () => {
        fc.assert(
            fc.property(
                fc.string({ unit: "binary", maxLength: 8 }),
                fc.constantFrom(" ", "\n", "\t", "\r", "#", '"', "'", "\\", "/", "=", "\u00a0", "\0"),
                fc.string({ unit: "binary", maxLength: 8 }),
                (before, bad, after) => {
                    expect(checkHost(`${before}${bad}${after}`)).toEqual(expect.any(String));
                },
            ),
        );
    });
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
