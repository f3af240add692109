import { DatabaseError } from "pg";
import { describe, expect, test } from "vitest";
import { explainRefusal, probeOptions } from "../../../server/probe";

function refused(detail: string): DatabaseError {
    const error = new DatabaseError('could not connect to server "upstream"', 0, "error");
    error.detail = detail;
    return error;
}

describe("explainRefusal", () => {
    test.each<[string, Record<string, string>, string, boolean]>([
        [
            "SSL error: certificate verify failed",
            { sslmode: "verify-ca" },
            "The stack's CA is not at the path that sslrootcert names: declare the connection with that path",
            false,
        ],
        [
            "connection failed: Connection refused",
            {},
            "Nothing listens at this address, port or socket in the container",
            false,
        ],
        [
            "GSSAPI encryption required but no credential cache",
            { gssencmode: "require" },
            "It has gssencmode 'require', and the dev server has no GSSAPI",
            true,
        ],
        ["server is not in hot standby mode", { target_session_attrs: "standby" }, "the dev server is a primary", true],
    ])("%s", (detail, options, meaning, known) => {
        const found = explainRefusal(refused(detail), options);
        expect(found.error).toMatch(/^could not connect to server "upstream": /);
        expect(found.error).toContain(`${detail}. `);
        expect(found.error).toContain(meaning);
        expect(found.known).toBe(known);
    });

    test("adds nothing to what it does not know", () => {
        expect(explainRefusal(new Error("gone."), {})).toEqual({ error: "gone.", known: false });
        expect(explainRefusal("gone", {})).toEqual({ error: "gone", known: false });
    });
});

test("the schema's own options are asked with, without those that are no foreign server's", () => {
    const server = { host: "h", hostaddr: "10.0.0.5", port: 6432, database: "d", connections: [] };
    expect(
        probeOptions(server, {
            user: "u",
            replication: "database",
            requiressl: "1",
            options: "-c a=b",
            sslrootcert: "/ca",
        }),
    ).toEqual({
        host: "h",
        hostaddr: "10.0.0.5",
        port: "6432",
        dbname: "d",
        sslmode: "require",
        connect_timeout: "5",
        options: "-c a=b",
        sslrootcert: "/ca",
    });
});
