import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
    checkPostgresImage,
    isOfficialPostgres,
    majorFromTag,
    parseReference,
    STAND_IN_MAJORS,
    standInFor,
    standInMajor,
    standInName,
} from "../../../docker/reference";

const SHA = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseReference", () => {
    test.each([
        ["postgres", "docker.io", "library/postgres", undefined, undefined],
        ["postgres:18", "docker.io", "library/postgres", "18", undefined],
        ["library/postgres:18", "docker.io", "library/postgres", "18", undefined],
        ["docker.io/postgres:18", "docker.io", "library/postgres", "18", undefined],
        ["docker.io/library/postgres:18-bookworm", "docker.io", "library/postgres", "18-bookworm", undefined],
        ["index.docker.io/library/postgres", "docker.io", "library/postgres", undefined, undefined],
        ["postgis/postgis:18-3.6", "docker.io", "postgis/postgis", "18-3.6", undefined],
        ["ghcr.io/acme/db/pg:v1", "ghcr.io", "acme/db/pg", "v1", undefined],
        ["localhost/pg", "localhost", "pg", undefined, undefined],
        ["localhost:5000/pg:17", "localhost:5000", "pg", "17", undefined],
        ["[::1]:5000/pg:17", "[::1]:5000", "pg", "17", undefined],
        ["Registry/pg", "Registry", "pg", undefined, undefined],
        ["10.0.0.1:5000/a__b/c--d", "10.0.0.1:5000", "a__b/c--d", undefined, undefined],
        [`postgres@${SHA}`, "docker.io", "library/postgres", undefined, SHA],
        [`postgres:18@${SHA}`, "docker.io", "library/postgres", "18", SHA],
        ["fdw-stub/postgres-stand-in:18", "docker.io", "fdw-stub/postgres-stand-in", "18", undefined],
    ])("%s", (text, registry, repository, tag, digest) => {
        expect(parseReference(text)).toEqual({ text, registry, repository, tag, digest });
    });

    test.each([
        ["", "repository"],
        [" postgres", "repository"],
        ["postgres:", "tag"],
        ["postgres:18 ", "tag"],
        ["postgres:-18", "tag"],
        [`postgres:${"1".repeat(129)}`, "tag"],
        ["Postgres:18", "repository"],
        ["post..gres", "repository"],
        ["acme//pg", "repository"],
        ["/pg", "repository"],
        ["pg/", "repository"],
        ["a_-b", "repository"],
        ["-host.example/pg", "registry"],
        ["host.example:port/pg", "registry"],
        ["https://host.example/pg:1", "registry"],
        ["postgres@sha256:abc", "digest"],
        ["postgres@", "digest"],
        [`${"a".repeat(256)}`, "repository"],
        ["postgres:18\n", "tag"],
    ])("refuses %j and names its %s", (text, part) => {
        const attempt = () => parseReference(text);
        expect(attempt).toThrow(JSON.stringify(text));
        expect(attempt).toThrow(part);
        expect(attempt).toThrow("for example");
    });

    const alnum = (max: number) => fc.stringMatching(new RegExp(`^[a-z0-9]{1,${max}}$`));
    const component = fc
        .tuple(alnum(8), fc.array(fc.tuple(fc.constantFrom(".", "_", "__", "-", "--"), alnum(5)), { maxLength: 2 }))
        .map(([head, tail]) => head + tail.flat().join(""));
    const registry = fc.constantFrom(
        "ghcr.io",
        "localhost",
        "localhost:5000",
        "r.example.com:443",
        "[::1]:5000",
        "127.0.0.1:1",
    );
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);

    test("gives back the parts that a reference was made of", () => {
        fc.assert(
            fc.property(
                registry,
                fc.array(component, { minLength: 1, maxLength: 3 }),
                fc.option(tag, { nil: undefined }),
                fc.option(fc.constant(SHA), { nil: undefined }),
                (host, path, label, digest) => {
                    const repository = path.join("/");
                    const text = `${host}/${repository}${label === undefined ? "" : `:${label}`}${digest === undefined ? "" : `@${digest}`}`;
                    expect(parseReference(text)).toEqual({ text, registry: host, repository, tag: label, digest });
                },
            ),
        );
    });

    test("either refuses any text with a message that names it, or its parts make up the text", () => {
        const likely = fc.array(fc.constantFrom("a", "B", "9", ".", ":", "/", "@", "-", "_", " ", "é", "sha256:"), {
            maxLength: 14,
        });
        fc.assert(
            fc.property(
                fc.oneof(
                    fc.string(),
                    likely.map((parts) => parts.join("")),
                ),
                (text) => {
                    let parsed: ReturnType<typeof parseReference>;
                    try {
                        parsed = parseReference(text);
                    } catch (error) {
                        expect(String(error)).toContain(JSON.stringify(text));
                        return;
                    }
                    const { registry: host, repository, tag: label, digest } = parsed;
                    const tail = `${label === undefined ? "" : `:${label}`}${digest === undefined ? "" : `@${digest}`}`;
                    const full = `${host}/${repository}${tail}`;
                    expect([
                        full,
                        full.replace(/^docker\.io\//, ""),
                        full.replace(/^docker\.io\/library\//, ""),
                    ]).toContain(text.replace(/^index\.docker\.io\//, "").replace(/^docker\.io\//, ""));
                },
            ),
            { numRuns: 2000 },
        );
    });
});

test.each([
    ["18", 18],
    ["18.1", 18],
    ["9.6.24", 9],
    ["18-bookworm", 18],
    ["18.1-alpine3.22", 18],
    ["18rc1", 18],
    ["18beta1-trixie", 18],
    ["latest", undefined],
    ["bookworm", undefined],
    ["v18", undefined],
    ["18x", undefined],
    ["2024.1.1", undefined],
    [undefined, undefined],
])("the tag %s is of major version %s", (tag, major) => {
    expect(majorFromTag(tag)).toBe(major);
});

test.each([
    ["postgres:18", 18],
    ["postgres:18.1", 18],
    ["docker.io/library/postgres:18-bookworm", 18],
    ["docker.io/postgres:17.6-trixie", 17],
    ["postgres:15", 15],
    ["postgres:16", undefined],
    ["postgres:18-alpine", undefined],
    ["postgres:18-alpine3.22", undefined],
    ["postgres:18rc1", undefined],
    ["postgres:latest", undefined],
    ["postgres", undefined],
    [`postgres:18@${SHA}`, undefined],
    [`postgres@${SHA}`, undefined],
    ["ghcr.io/library/postgres:18", undefined],
    ["acme/postgres:18", undefined],
    ["postgis/postgis:18-3.6", undefined],
])("%s has the stand-in for %s", (text, major) => {
    expect(standInFor(parseReference(text))).toBe(major === undefined ? undefined : standInName(major));
});

test.each([
    ["fdw-stub/postgres-stand-in:18", 18],
    ["docker.io/fdw-stub/postgres-stand-in:15", 15],
    ["fdw-stub/postgres-stand-in:16", undefined],
    ["fdw-stub/postgres-stand-in:18-x", undefined],
    ["fdw-stub/postgres-stand-in", undefined],
    [`fdw-stub/postgres-stand-in:18@${SHA}`, undefined],
    ["ghcr.io/fdw-stub/postgres-stand-in:18", undefined],
    ["postgres:18", undefined],
])("%s is the name of the stand-in for %s", (text, major) => {
    expect(standInMajor(parseReference(text))).toBe(major);
});

test("a stand-in's name is never an official image's", () => {
    for (const major of STAND_IN_MAJORS) {
        const reference = parseReference(standInName(major));
        expect(isOfficialPostgres(reference)).toBe(false);
        expect(standInFor(reference)).toBeUndefined();
        expect(standInMajor(reference)).toBe(major);
    }
});

describe("checkPostgresImage", () => {
    test.each([
        [["PG_MAJOR=14"], 14],
        [["PATH=/bin", "PG_MAJOR=18", "PG_VERSION=18.1-1"], 18],
        [["PG_MAJOR=100"], 100],
    ])("%j has %i", (Env, major) => {
        expect(checkPostgresImage({ Config: { Env } }, "x")).toBe(major);
    });

    test.each([
        [{}, /no PostgreSQL/],
        [{ Config: null }, /no PostgreSQL/],
        [{ Config: { Env: null } }, /no PostgreSQL/],
        [{ Config: { Env: ["PATH=/bin", "NOT_PG_MAJOR=18"] } }, /no PostgreSQL/],
        [{ Config: { Env: ["PG_MAJOR=13"] } }, /PostgreSQL 13; 14 or newer/],
        [{ Config: { Env: ["PG_MAJOR=9.6"] } }, /PostgreSQL 9\.6; 14 or newer/],
        [{ Config: { Env: ["PG_MAJOR="] } }, /no number/],
        [{ Config: { Env: ["PG_MAJOR=eighteen"] } }, /"eighteen"/],
    ])("refuses %j", (image, message) => {
        expect(() => checkPostgresImage(image, "acme/db:1")).toThrow(message);
        expect(() => checkPostgresImage(image, "acme/db:1")).toThrow('"acme/db:1"');
        expect(() => checkPostgresImage(image, "acme/db:1")).toThrow("postgres:18");
    });
});
