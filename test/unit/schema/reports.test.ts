/** The forms for other tools: what is in them is what was found, whatever characters it holds. */

import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
    formatReport,
    REPORT_FORMATS,
    type Report,
    type Reported,
    reportedFinding,
    reportedMismatch,
} from "../../../schema";

const REPORT: Report = {
    command: "check",
    version: "1.2.3",
    subjects: ["public.orders", "public.other"],
    findings: [
        reportedMismatch(
            {
                grade: "fails",
                code: "type-fails",
                object: "public.orders.total",
                message: 'a "quoted" <one>, 100%: really',
                place: { file: "db/a b,c.sql", line: 7 },
                contractPlace: { file: "up.sql", line: 2 },
            },
            { fails: true },
        ),
        reportedMismatch({ grade: "name-only", code: "type-name", object: "public.orders.id", message: "same" }, {}),
        reportedMismatch(
            { grade: "may-fail", code: "time-zone", object: "public.other.at", message: "zone" },
            { accepted: "all run in UTC" },
        ),
        reportedFinding({
            severity: "warning",
            code: "guessed",
            message: "two\nlines",
            file: "db/x.sql",
            line: 3,
            config: "a: b",
        }),
    ],
};

describe("GitHub's annotations", () => {
    test("are one line each, without what is accepted", () => {
        expect(formatReport(REPORT, "github")).toBe(
            [
                '::error file=db/a b%2Cc.sql,line=7,title=fdw-stub check%3A type-fails::a "quoted" <one>, 100%25: really (the contract: up.sql:2)',
                "::notice title=fdw-stub check%3A type-name::same",
                "::warning file=db/x.sql,line=3,title=fdw-stub check%3A guessed::two%0Alines In the configuration: a: b",
                "",
            ].join("\n"),
        );
    });

    test("of nothing are nothing", () => {
        expect(formatReport({ ...REPORT, findings: [] }, "github")).toBe("");
    });
});

describe("JUnit's XML", () => {
    test("has a case for each table, and for what belongs to none", () => {
        expect(formatReport(REPORT, "junit")).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="fdw-stub check" tests="3" failures="1" errors="0" skipped="1" time="0">
  <testsuite name="fdw-stub check" tests="3" failures="1" errors="0" skipped="1" time="0">
    <testcase classname="fdw-stub check" name="public.orders" file="db/a b,c.sql" line="7" time="0">
      <failure type="type-fails" message="a &quot;quoted&quot; &lt;one&gt;, 100%: really">db/a b,c.sql:7: a &quot;quoted&quot; &lt;one&gt;, 100%: really (the contract: up.sql:2) [type-fails]</failure>
      <system-out>note: same [type-name]</system-out>
    </testcase>
    <testcase classname="fdw-stub check" name="public.other" time="0">
      <skipped message="all run in UTC"/>
      <system-out>accepted (all run in UTC): zone [time-zone]</system-out>
    </testcase>
    <testcase classname="fdw-stub check" name="db/x.sql" file="db/x.sql" line="3" time="0">
      <system-out>warning: db/x.sql:3: two&#10;lines In the configuration: a: b [guessed]</system-out>
    </testcase>
  </testsuite>
</testsuites>
`);
    });
});

const sarif = z.object({
    version: z.literal("2.1.0"),
    runs: z
        .array(
            z.object({
                tool: z.object({ driver: z.object({ rules: z.array(z.looseObject({ id: z.string() })) }) }),
                results: z.array(
                    z.object({
                        ruleId: z.string(),
                        level: z.enum(["error", "warning", "note"]),
                        message: z.object({ text: z.string() }),
                        locations: z.array(
                            z.object({
                                physicalLocation: z.object({
                                    artifactLocation: z.object({ uri: z.string() }),
                                    region: z.object({ startLine: z.number().int().min(1) }).optional(),
                                }),
                            }),
                        ),
                        relatedLocations: z.array(z.unknown()).optional(),
                        suppressions: z.array(z.object({ kind: z.literal("external"), justification: z.string() })),
                    }),
                ),
            }),
        )
        .length(1),
});

describe("SARIF", () => {
    const [run] = sarif.parse(JSON.parse(formatReport(REPORT, "sarif"))).runs;

    test("has every finding, what is accepted as suppressed", () => {
        expect(run?.results.map(({ ruleId, level, suppressions }) => [ruleId, level, suppressions.length])).toEqual([
            ["type-fails", "error", 0],
            ["type-name", "note", 0],
            ["time-zone", "warning", 1],
            ["guessed", "warning", 0],
        ]);
    });

    test("has paths as URIs, and the contract beside", () => {
        expect(run?.results[0]).toMatchObject({
            locations: [
                { physicalLocation: { artifactLocation: { uri: "db/a%20b%2Cc.sql" }, region: { startLine: 7 } } },
            ],
            relatedLocations: [{ physicalLocation: { artifactLocation: { uri: "up.sql" } } }],
        });
    });

    test("describes its rules", () => {
        expect(run?.tool.driver.rules).toContainEqual({
            id: "type-fails",
            shortDescription: { text: "PostgreSQL refuses every value of the column" },
        });
    });
});

const gitlab = z.array(
    z.object({
        description: z.string(),
        check_name: z.string(),
        fingerprint: z.string(),
        severity: z.enum(["info", "minor", "major", "critical", "blocker"]),
        location: z.object({ path: z.string(), lines: z.object({ begin: z.number().int().min(1) }) }),
    }),
);
const inGitlab = (report: Report) => gitlab.parse(JSON.parse(formatReport(report, "gitlab")));

describe("GitLab's code quality", () => {
    test("has severities and places", () => {
        expect(
            inGitlab(REPORT).map(({ check_name, severity, location }) => [
                check_name,
                severity,
                location.path,
                location.lines.begin,
            ]),
        ).toEqual([
            ["type-fails", "critical", "db/a b,c.sql", 7],
            ["type-name", "info", "fdw-stub.yaml", 1],
            ["guessed", "minor", "db/x.sql", 3],
        ]);
    });

    test("knows a finding again when its line has moved", () => {
        const moved = {
            ...REPORT,
            findings: REPORT.findings.map((one) =>
                one.place === undefined ? one : { ...one, place: { ...one.place, line: 99 } },
            ),
        };
        const prints = (report: Report) => inGitlab(report).map(({ fingerprint }) => fingerprint);
        expect(prints(moved)).toEqual(prints(REPORT));
    });
});

/** Any text, control characters and halves of characters too. */
const anyText = fc.string({ unit: "binary", maxLength: 40 });
const finding: fc.Arbitrary<Reported> = fc.record(
    {
        level: fc.constantFrom("error" as const, "warning" as const, "note" as const),
        code: fc.constantFrom("type-fails", "guessed"),
        message: anyText,
        object: anyText,
        place: fc.record({ file: anyText, line: fc.integer({ min: 1 }) }, { requiredKeys: ["file"] }),
        related: fc.record({ file: anyText, line: fc.integer({ min: 1 }), message: anyText }),
        fails: fc.boolean(),
        accepted: anyText,
    },
    { requiredKeys: ["level", "code", "message"] },
);
const report: fc.Arbitrary<Report> = fc.record({
    command: fc.constant("check"),
    version: fc.constant("1.0.0"),
    subjects: fc.uniqueArray(anyText, { maxLength: 3 }),
    findings: fc.array(finding, { maxLength: 5 }),
});

/** What GitHub makes of a command's message. */
const unescaped = (text: string) => text.replaceAll("%0A", "\n").replaceAll("%0D", "\r").replaceAll("%25", "%");

describe("whatever a finding holds", () => {
    test("GitHub gets a line for each, and reads the message back", () => {
        fc.assert(
            fc.property(report, (given) => {
                const open = given.findings.filter(({ accepted }) => accepted === undefined);
                const lines = formatReport(given, "github").split("\n").slice(0, -1);
                expect(lines).toHaveLength(open.length);
                lines.forEach((line, at) => {
                    const [, properties = "", message = ""] = /^::\w+ (.*?)::(.*)$/s.exec(line) ?? [];
                    expect(properties.split(",").every((one) => /^(?:file|line|title)=[^:,]*$/s.test(one))).toBe(true);
                    expect(unescaped(message).startsWith(open[at]?.message ?? "")).toBe(true);
                });
            }),
        );
    });

    test("JUnit's is XML, with as many failures as fail", () => {
        const parser = new XMLParser({
            ignoreAttributes: false,
            isArray: (name) => ["testcase", "failure"].includes(name),
        });
        fc.assert(
            fc.property(report, (given) => {
                const text = formatReport(given, "junit");
                expect(XMLValidator.validate(text)).toBe(true);
                const cases: unknown[] = parser.parse(text).testsuites.testsuite.testcase ?? [];
                const failures = cases.flatMap((one) => Reflect.get(Object(one), "failure") ?? []);
                expect(failures).toHaveLength(
                    given.findings.filter(({ fails, accepted }) => fails === true && accepted === undefined).length,
                );
            }),
        );
    });

    test("SARIF and GitLab's have the messages, and no two fingerprints are the same", () => {
        fc.assert(
            fc.property(report, (given) => {
                const [run] = sarif.parse(JSON.parse(formatReport(given, "sarif"))).runs;
                expect(run?.results.map(({ message }) => message.text)).toEqual(
                    given.findings.map(({ message }) => message),
                );
                const entries = inGitlab(given);
                const open = given.findings.filter(({ accepted }) => accepted === undefined);
                expect(entries).toHaveLength(open.length);
                entries.forEach(({ description }, at) => {
                    expect(description.startsWith(open[at]?.message ?? "")).toBe(true);
                });
                expect(new Set(entries.map(({ fingerprint }) => fingerprint)).size).toBe(entries.length);
            }),
        );
    });

    test.each(REPORT_FORMATS)("%s ends in a line break, unless it is empty", (format) => {
        fc.assert(fc.property(report, (given) => /^$|\n$/.test(formatReport(given, format))));
    });
});
