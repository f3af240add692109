import { describe, expect, test } from "vitest";
import { settle, unusedMessage } from "../../../compare";
import type { ContractFinding } from "../../../schema";
import { parseConfiguration } from "../../../upstreams/parse";

const finding = (code: string, object: string): ContractFinding => ({ grade: "fails", code, object, message: "said" });
const FINDINGS = [
    finding("type-fails", "public.t.a"),
    finding("type-fails", "public.t.b"),
    finding("nullable", "public.t.a"),
];

const accepted = (...entries: Array<Record<string, unknown>>) =>
    parseConfiguration({ schema: ["x.sql"], accepted: entries }).accepted;

describe("accepted findings", () => {
    const entries = accepted(
        { code: "type-fails", object: "public.t.a", reason: "read by nobody" },
        { code: "collation", object: "public.t.a", reason: "gone by now" },
    );
    const settled = settle(FINDINGS, entries);

    test("are taken out by code and object, with their reason", () => {
        expect(settled.open).toEqual(FINDINGS.slice(1));
        expect(settled.accepted).toEqual([{ finding: FINDINGS[0], reason: "read by nobody" }]);
    });

    test("that no longer occur are told", () => {
        expect(settled.unused.map(unusedMessage)).toEqual([
            "The accepted finding collation of public.t.a (gone by now) no longer occurs: remove it from accepted.",
        ]);
    });

    test.each([
        [
            { code: "type-fail", object: "x", reason: "y" },
            /accepted\[0\]\.code: "type-fail" is no kind of finding; known are .*type-fails/,
        ],
        [{ code: 1, object: "x", reason: "y" }, /accepted\[0\]\.code: a number is no kind of finding/],
        [{ code: "type-fails", object: "x" }, /accepted\[0\]\.reason: is missing; give text/],
        [{ code: "type-fails", object: "x", reason: " " }, /accepted\[0\]\.reason: the reason is empty/],
        [
            { code: "type-fails", object: "x", reason: "y", why: "z" },
            /unknown key "why". Known keys: code, object, reason/,
        ],
    ])("an entry like %j is refused", (entry, message) => {
        expect(() => accepted(entry)).toThrow(message);
    });
});
