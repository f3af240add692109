import fc from "fast-check";
import { parse } from "pg-connection-string";
import { expect, test } from "vitest";
import { databaseUrl } from "../../../upstreams/url";

const text = fc
    .oneof(
        fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
        fc.string({ unit: fc.constantFrom(..."!'()*%:/?#[]@&=+$, \\\"<>^`{|}~é漢😀"), minLength: 1 }),
    )
    .filter((value) => !value.includes("\0"));
const port = fc.integer({ min: 1, max: 65535 });

test.each([
    ["plain", "secret", "dev", "postgres://plain:secret@127.0.0.1:5432/dev?sslmode=disable"],
    ["a@b", "p:w/d?#", "my db", "postgres://a%40b:p%3Aw%2Fd%3F%23@127.0.0.1:5432/my%20db?sslmode=disable"],
    ["it's", "!*()", "größe", "postgres://it%27s:%21%2A%28%29@127.0.0.1:5432/gr%C3%B6%C3%9Fe?sslmode=disable"],
    ["a+b", "100%", "a/b", "postgres://a%2Bb:100%25@127.0.0.1:5432/a%2Fb?sslmode=disable"],
])("writes the URL of %j, %j, %j", (user, password, database, url) => {
    expect(databaseUrl({ host: "127.0.0.1", port: 5432, user, password, database })).toBe(url);
});

test("URL reads back what was written", () => {
    fc.assert(
        fc.property(text, text, text, port, (user, password, database, at) => {
            const url = new URL(databaseUrl({ host: "db_host-1", port: at, user, password, database }));
            expect(decodeURIComponent(url.username)).toBe(user);
            expect(decodeURIComponent(url.password)).toBe(password);
            expect(decodeURIComponent(url.pathname.slice(1))).toBe(database);
            expect([url.protocol, url.hostname, url.port, url.search, url.hash]).toEqual([
                "postgres:",
                "db_host-1",
                String(at),
                "?sslmode=disable",
                "",
            ]);
        }),
    );
});

test("pg-connection-string reads back what was written", () => {
    // It leaves these encoded in a database's name (it takes decodeURI for decodeURIComponent); libpq and pgx do not.
    const name = text.filter((value) => !/[;/?:@&=+$,#]/.test(value));
    fc.assert(
        fc.property(text, text, name, port, (user, password, database, at) => {
            const read = parse(databaseUrl({ host: "127.0.0.1", port: at, user, password, database }));
            expect(read).toMatchObject({ host: "127.0.0.1", port: String(at), user, password, database, ssl: false });
        }),
    );
});

test("needs no quoting in a shell, in YAML or in HCL", () => {
    fc.assert(
        fc.property(text, text, text, (user, password, database) => {
            const url = databaseUrl({ host: "127.0.0.1", port: 1, user, password, database });
            expect(url).toMatch(
                /^postgres:\/\/[A-Za-z0-9%._~-]+:[A-Za-z0-9%._~-]+@127\.0\.0\.1:1\/[A-Za-z0-9%._~-]+\?sslmode=disable$/,
            );
        }),
    );
});
