import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
    belongsTo,
    identityLabels,
    LABEL,
    portCandidates,
    type StackIdentity,
    stackName,
} from "../../../docker/labels";

const IDENTITY: StackIdentity = { directory: "/home/me/app", project: "fdw-stub", stack: "dev", component: "fdw-stub" };

const text = fc.string({ unit: "binary", maxLength: 80 });
const identity = fc.record({ directory: text, project: text, stack: text, component: text });
const part = fc.constantFrom<keyof StackIdentity>("directory", "project", "stack", "component");

test("every label has the product's prefix and a name of its own", () => {
    const names = Object.values(LABEL);
    expect(names.every((name) => /^fdw-stub\.[a-z-]+$/.test(name))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
});

test("identityLabels say all parts", () => {
    expect(identityLabels(IDENTITY)).toEqual({
        "fdw-stub.directory": "/home/me/app",
        "fdw-stub.project": "fdw-stub",
        "fdw-stub.stack": "dev",
        "fdw-stub.component": "fdw-stub",
    });
});

describe("belongsTo", () => {
    test("takes a stack's own labels, with others beside them", () => {
        expect(belongsTo({ ...identityLabels(IDENTITY), [LABEL.generation]: "x", other: "y" }, IDENTITY)).toBe(true);
    });

    test.each([
        ["no labels", {}],
        ["another folder", { ...identityLabels(IDENTITY), [LABEL.directory]: "/home/me/app2" }],
        ["another project", { ...identityLabels(IDENTITY), [LABEL.project]: "other" }],
        ["another stack", { ...identityLabels(IDENTITY), [LABEL.stack]: "Dev" }],
        ["another component", { ...identityLabels(IDENTITY), [LABEL.component]: "" }],
        ["one label only", { [LABEL.stack]: "dev" }],
    ])("refuses %s", (_, labels) => {
        expect(belongsTo(labels, IDENTITY)).toBe(false);
    });

    test("holds for a stack itself, and for no other", () => {
        fc.assert(
            fc.property(identity, part, text, (one, key, value) => {
                const other = { ...one, [key]: value };
                expect(belongsTo(identityLabels(one), one)).toBe(true);
                expect(belongsTo(identityLabels(one), other)).toBe(one[key] === value);
            }),
        );
    });
});

describe("stackName", () => {
    test.each([
        ["fdw-stub", "dev", /^fdw-stub-dev-[0-9a-f]{8}$/],
        ["my db", "größe", /^my-db-gr-e-[0-9a-f]{8}$/],
        ["-x", "", /^x-x--[0-9a-f]{8}$/],
        ["漢字", "漢字", /^x----[0-9a-f]{8}$/],
        ["c".repeat(60), "dev", /^c{48}-[0-9a-f]{8}$/],
    ])("of %j and %j is readable", (component, stack, pattern) => {
        expect(stackName({ ...IDENTITY, component, stack })).toMatch(pattern);
    });

    test("is a name that Docker takes, short enough for a host name, and always the same", () => {
        fc.assert(
            fc.property(identity, (one) => {
                expect(stackName(one)).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
                expect(stackName(one).length).toBeLessThanOrEqual(63);
                expect(stackName({ ...one })).toBe(stackName(one));
            }),
        );
    });

    test("differs wherever a part differs", () => {
        fc.assert(
            fc.property(identity, part, text, (one, key, value) => {
                const other = { ...one, [key]: value };
                expect(stackName(one) === stackName(other)).toBe(one[key] === value);
            }),
        );
    });

    test("differs where parts run into each other", () => {
        const name = (component: string, stack: string) => stackName({ ...IDENTITY, component, stack });
        expect(name("a-b", "c")).not.toBe(name("a", "b-c"));
        expect(name("a b", "c")).not.toBe(name("a-b", "c"));
    });
});

describe("portCandidates", () => {
    test("are distinct, in range, and the same every time", () => {
        fc.assert(
            fc.property(identity, (one) => {
                const ports = portCandidates(one);
                expect(ports).toHaveLength(50);
                expect(new Set(ports).size).toBe(50);
                expect(ports.every((port) => port >= 20_000 && port < 32_000)).toBe(true);
                expect(portCandidates({ ...one })).toEqual(ports);
                expect(portCandidates(one, 3)).toEqual(ports.slice(0, 3));
            }),
        );
    });

    test("begin elsewhere for most other stacks", () => {
        const first = ["dev", "test", "ci", "a", "b", "c"].map((stack) => portCandidates({ ...IDENTITY, stack })[0]);
        expect(new Set(first).size).toBe(first.length);
    });
});
