import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readConnection, serviceOptions } from "../../../pull/connection";

const SERVICES = "# mine\n[other]\nhost=elsewhere\n\n[shop]\nhost=db.internal\nport=6432\ndbname=shop\nuser=svc\n";

function read(given: string | undefined, env: Record<string, string> = {}) {
    return readConnection(given, "--from", {
        env,
        user: "me",
        readServices: (file) => (file === "/none" ? undefined : SERVICES),
    });
}

describe("what libpq would connect to", () => {
    test.each<[string, string | undefined, Record<string, string>, object]>([
        [
            "a URL",
            "postgres://u:p%40ss@db:6432/shop?sslmode=require",
            {},
            {
                user: "u",
                database: "shop",
                password: "p@ss",
                targets: [{ host: "db", dial: { host: "db", port: 6432 }, listen: "tcp 127.0.1.1 6432" }],
                options: { connect_timeout: "10", host: "db", hostaddr: "127.0.1.1", port: "6432", sslmode: "require" },
            },
        ],
        [
            "keywords, with what is left out from the environment",
            "host=db connect_timeout=3",
            { PGUSER: "pu", PGPASSWORD: "pp", PGDATABASE: "pd", PGPORT: "7", PGHOST: "not-this", PGSSLMODE: "prefer" },
            {
                user: "pu",
                database: "pd",
                password: "pp",
                targets: [{ host: "db", dial: { host: "db", port: 7 }, listen: "tcp 127.0.1.1 7" }],
                options: { connect_timeout: "3", host: "db", hostaddr: "127.0.1.1", port: "7", sslmode: "prefer" },
            },
        ],
        ["the environment alone", undefined, { PGHOST: "db" }, { user: "me", database: "me" }],
        [
            "an address in place of the name's",
            "host=db hostaddr=10.0.0.5 dbname=x",
            {},
            {
                targets: [{ host: "db", dial: { host: "10.0.0.5", port: 5432 }, listen: "tcp 127.0.1.1 5432" }],
                options: { connect_timeout: "10", host: "db", hostaddr: "127.0.1.1", port: "5432" },
            },
        ],
        [
            "several servers and a socket",
            "postgres://a,b:7,%2Fvar%2Frun/x?target_session_attrs=primary",
            {},
            {
                targets: [
                    { host: "a", dial: { host: "a", port: 5432 }, listen: "tcp 127.0.1.1 5432" },
                    { host: "b", dial: { host: "b", port: 7 }, listen: "tcp 127.0.1.2 7" },
                    {
                        host: "/var/run",
                        dial: { path: "/var/run/.s.PGSQL.5432" },
                        listen: "unix /pull/2/.s.PGSQL.5432",
                    },
                ],
                options: {
                    connect_timeout: "10",
                    target_session_attrs: "primary",
                    host: "a,b,/pull/2",
                    hostaddr: "127.0.1.1,127.0.1.2,",
                    port: "5432,7,5432",
                },
            },
        ],
        [
            "a service, over the environment and under the string",
            "service=shop user=u",
            { PGPORT: "1", PGUSER: "not-this" },
            {
                user: "u",
                database: "shop",
                targets: [
                    { host: "db.internal", dial: { host: "db.internal", port: 6432 }, listen: "tcp 127.0.1.1 6432" },
                ],
            },
        ],
        [
            "files of this machine, and the system's authorities",
            "host=db sslcert=/c.crt sslrootcert=system",
            { PGPASSFILE: "/p" },
            {
                files: { passfile: "/p", sslcert: "/c.crt" },
                options: expect.objectContaining({ sslrootcert: "system" }),
            },
        ],
    ])("%s", (_, given, env, expected) => {
        expect(read(given, env)).toMatchObject(expected);
    });

    test.each<[string, string | undefined, Record<string, string>, RegExp]>([
        ["no connection string", "postgres://u:hush@h:port/x", {}, /^--from is no connection string/],
        ["no host", "dbname=x password=hush", {}, /^--from names no host\. Write it as postgres:/],
        ["a port that is none", "host=h port=70000 password=hush", {}, /the port "70000" is none/],
        ["a hostaddr that is a name", "host=h hostaddr=db password=hush", {}, /hostaddr "db" is no IP address/],
        ["a service that is not there", "service=gone password=hush", {}, /the service "gone" is not in the file/],
        ["no file of services", "service=shop servicefile=/none", {}, /the service "shop" is not in the file/],
        [
            "an option over two lines",
            "host=h password=hush options='a\nb'",
            {},
            /the option options holds a line break/,
        ],
    ])("refuses %s", (_, given, env, message) => {
        expect(() => read(given, env)).toThrow(message);
        expect(() => read(given, env)).not.toThrow("hush");
    });

    test("no text throws what shows it", () => {
        fc.assert(
            fc.property(fc.string(), (text) => {
                const secret = `hush${text.replaceAll(/\W/g, "")}`;
                try {
                    readConnection(`postgres://u:${secret}@${text}`, "--from", {
                        env: {},
                        user: "me",
                        readServices: () => undefined,
                    });
                } catch (error) {
                    expect(String(error)).not.toContain(secret);
                }
            }),
        );
    });
});

test.each([
    ["shop", { host: "db.internal", port: "6432", dbname: "shop", user: "svc" }],
    ["other", { host: "elsewhere" }],
    ["none", undefined],
])("the service %s has its own options", (name, options) => {
    expect(serviceOptions(SERVICES, name)).toEqual(options);
});
