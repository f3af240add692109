/** The file that a recording becomes, and what two of them differ in. */

import { createTwoFilesPatch } from "diff";
import type { LeftOut, TocEntry } from "./toc";

/** What a recording is made of. */
export interface Recording {
    /** Name of the upstream. */
    readonly name: string;
    /** When it was made. */
    readonly at: Date;
    /** Version of the upstream's server. */
    readonly server: string;
    /** What was asked for: tables as `schema.table`, or undefined for everything. */
    readonly filter: readonly string[] | undefined;
    /** Roles whose privileges it has. */
    readonly roles: readonly string[];
    readonly leftOut: readonly LeftOut[];
    readonly entries: ReadonlyArray<{ readonly entry: TocEntry; readonly sql: string }>;
    readonly grants: readonly string[];
}

/** What is never in a recording, whether the upstream has it or not. */
const NEVER = [
    "rows",
    "owners",
    "comments",
    "settings",
    "tablespaces",
    "publications",
    "subscriptions",
    "foreign servers",
    "user mappings",
    "privileges of other roles",
];
/** Lines of the header that may change although nothing else has. */
const MOMENT = /^-- (?:Recorded|Server): .*$/gm;
const WIDTH = 116;

/** A text of one line within a comment, whatever a name in it holds. */
function oneLine(text: string): string {
    return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

/** A list as a comment, in lines that are not too long. */
function comment(label: string, items: readonly string[]): string {
    const lines: string[] = [];
    let line = `-- ${label}:`;
    items.forEach((item, index) => {
        const text = `${oneLine(item)}${index + 1 < items.length ? "," : ""}`;
        if (line.length + 1 + text.length > WIDTH && line !== "--  ") {
            lines.push(line);
            line = `--   ${text}`;
        } else {
            line += ` ${text}`;
        }
    });
    return [...lines, line].join("\n");
}

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

function leftOutLines(leftOut: readonly LeftOut[]): string[] {
    const kinds = [...new Set(leftOut.map(({ kind }) => kind))].sort(compare);
    return kinds.map((kind) =>
        comment(
            `Left out, ${kind}`,
            leftOut
                .filter((one) => one.kind === kind)
                .map(({ name }) => name)
                .sort(compare),
        ),
    );
}

/** Tables that are foreign ones at the upstream. */
function stoodIn(entries: Recording["entries"]): string[] {
    const foreign = entries.filter(({ entry }) => entry.kind === "FOREIGN TABLE").map(({ entry }) => entry.name);
    return foreign.length === 0 ? [] : [comment("Foreign there, plain tables here", foreign.sort(compare))];
}

/** The text of the file. */
export function recordingText({ name, at, server, filter, roles, leftOut, entries, grants }: Recording): string {
    const header = [
        "-- The DDL of an upstream as `fdw-stub pull` recorded it; the next run replaces it.",
        `-- Upstream: ${oneLine(name)}`,
        `-- Recorded: ${at.toISOString().replace(/\.\d+Z$/, "Z")}`,
        `-- Server: PostgreSQL ${oneLine(server)}`,
        filter === undefined ? "-- Filter: none, everything is here" : comment("Filter: what these need", filter),
        roles.length === 0 ? "-- Privileges: none" : comment("Privileges of", roles),
        comment("Never here", NEVER),
        ...stoodIn(entries),
        ...leftOutLines(leftOut),
    ].join("\n");
    // As pg_dump begins: names are qualified, and bodies may name what comes later.
    const begin =
        "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\nSET check_function_bodies = false;\nSET client_min_messages = warning;";
    const parts = entries.map(({ entry, sql }) => {
        const kind = entry.kind === "FOREIGN TABLE" ? "TABLE" : entry.kind;
        return `--\n-- ${kind} ${oneLine(entry.name)}\n--\n\n${sql}`;
    });
    const privileges = grants.length === 0 ? [] : [`--\n-- Privileges\n--\n\n${grants.join("\n")}`];
    return `${[header, begin, ...parts, ...privileges].join("\n\n")}\n`;
}

/** A file without the moments of its header. */
function timeless(text: string): string {
    const end = text.indexOf("\n\n");
    return `${text.slice(0, end).replaceAll(MOMENT, "--")}${text.slice(end)}`;
}

/** Whether two files say the same of the upstream, whenever they were made. */
export function sameRecording(before: string, after: string): boolean {
    return timeless(before) === timeless(after);
}

/** What has changed, as a patch; the moments of both are left out. */
export function recordingDiff(path: string, before: string, after: string): string {
    return createTwoFilesPatch(path, "the upstream", timeless(before), timeless(after), "", "", {
        context: 3,
    });
}
