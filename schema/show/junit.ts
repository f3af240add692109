import type { Report, Reported } from "./reported";

/** What XML 1.0 can hold at all; the rest not even escaped. */
function possible(code: number): boolean {
    return (
        code === 0x9 ||
        code === 0xa ||
        code === 0xd ||
        (code >= 0x20 && code <= 0xd7ff) ||
        (code >= 0xe000 && code <= 0xfffd) ||
        code >= 0x10000
    );
}

const ENTITIES: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\n": "&#10;",
    "\r": "&#13;",
    "\t": "&#9;",
};

export function xml(text: string): string {
    const chars = [...text].map((char) => (possible(char.codePointAt(0) ?? 0) ? char : "\ufffd"));
    return chars.map((char) => ENTITIES[char] ?? char).join("");
}

function attributes(values: Readonly<Record<string, string | number | undefined>>): string {
    return Object.entries(values)
        .flatMap(([name, value]) => (value === undefined ? [] : [` ${name}="${xml(String(value))}"`]))
        .join("");
}

function text({ code, message, place, related }: Reported): string {
    const at = place === undefined ? "" : `${place.file}${place.line === undefined ? "" : `:${place.line}`}: `;
    const also = related === undefined ? "" : ` (${related.message}: ${related.file}:${related.line})`;
    return `${at}${message}${also} [${code}]`;
}

interface Case {
    readonly name: string;
    readonly findings: readonly Reported[];
}

/** A case for each thing that was looked at; findings about a part of it are its own. */
function cases({ findings, subjects }: Report): Case[] {
    const owner = ({ object, place }: Reported) =>
        subjects
            .filter((subject) =>
                object === undefined ? subject === place?.file : object === subject || object.startsWith(`${subject}.`),
            )
            .sort((a, b) => b.length - a.length)[0];
    const owned = new Map(subjects.map((subject): [string, Reported[]] => [subject, []]));
    const others = new Map<string, Reported[]>();
    for (const finding of findings) {
        const subject = owner(finding);
        const list = subject === undefined ? undefined : owned.get(subject);
        if (list !== undefined) {
            list.push(finding);
            continue;
        }
        const name = finding.object ?? finding.place?.file ?? finding.code;
        others.set(name, [...(others.get(name) ?? []), finding]);
    }
    return [...owned, ...others].map(([name, all]) => ({ name, findings: all }));
}

/** JUnit's XML, as CI systems read it: what fails the command makes a case fail, the rest is its output. */
export function asJunit(report: Report): string {
    const all = cases(report).map(({ name, findings }) => {
        const failed = findings.filter((one) => one.fails === true && one.accepted === undefined);
        const rest = findings.filter((one) => !failed.includes(one));
        const accepted = rest.filter((one) => one.accepted !== undefined);
        const skipped = failed.length === 0 && accepted.length > 0 && accepted.length === rest.length;
        const place = findings.find((one) => one.place !== undefined)?.place;
        const body = [
            ...failed.map(
                (one) =>
                    `      <failure${attributes({ type: one.code, message: one.message })}>${xml(text(one))}</failure>`,
            ),
            ...(skipped
                ? [`      <skipped${attributes({ message: accepted.map((one) => one.accepted).join("; ") })}/>`]
                : []),
            ...(rest.length === 0
                ? []
                : [
                      `      <system-out>${rest
                          .map((one) =>
                              xml(
                                  `${one.accepted === undefined ? one.level : `accepted (${one.accepted})`}: ${text(one)}`,
                              ),
                          )
                          .join("&#10;")}</system-out>`,
                  ]),
        ];
        const head = `    <testcase${attributes({ classname: `fdw-stub ${report.command}`, name, file: place?.file, line: place?.line, time: 0 })}`;
        return {
            failures: failed.length,
            failed: failed.length > 0,
            skipped,
            lines: body.length === 0 ? [`${head}/>`] : [`${head}>`, ...body, "    </testcase>"],
        };
    });
    const counts = attributes({
        tests: all.length,
        failures: all.filter(({ failed }) => failed).length,
        errors: 0,
        skipped: all.filter(({ skipped }) => skipped).length,
        time: 0,
    });
    const name = `fdw-stub ${report.command}`;
    return [
        '<?xml version="1.0" encoding="UTF-8"?>',
        `<testsuites${attributes({ name })}${counts}>`,
        `  <testsuite${attributes({ name })}${counts}>`,
        ...all.flatMap(({ lines }) => lines),
        "  </testsuite>",
        "</testsuites>",
        "",
    ].join("\n");
}
