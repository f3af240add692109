/**
 * Keeps of a migration what runs on the way up, by the comment directives of its tool. Lines that don't count become
 * empty, so that line numbers stay.
 */

import type { Tool } from "./../report";

export interface Sections {
    readonly text: string;
    /** The tool whose directives the file has. */
    readonly tool?: Tool;
    /** Names and values of `--property` lines (Liquibase). */
    readonly properties: ReadonlyMap<string, string>;
}

const NO_PROPERTIES: ReadonlyMap<string, string> = new Map();

/** Directives that switch between up and down, one row per family of tools. */
const SWITCHES: ReadonlyArray<{ tool: Tool; up: RegExp; down: RegExp; boundary?: RegExp }> = [
    {
        // goose, sql-migrate and micrate share their form.
        tool: "goose",
        up: /^[ \t]*--\s*\+(?:goose|migrate|micrate)\s+up\b/i,
        down: /^[ \t]*--\s*\+(?:goose|migrate|micrate)\s+down\b/i,
        boundary: /^[ \t]*--\s*\+(?:goose|migrate|micrate)\s+statement(?:begin|end)\b/i,
    },
    { tool: "dbmate", up: /^[ \t]*--\s*migrate:up\b/i, down: /^[ \t]*--\s*migrate:down\b/i },
    { tool: "plain", up: /^[ \t]*--\s*up migration\b/i, down: /^[ \t]*--\s*down migration\b/i },
    { tool: "plain", up: /^[ \t]*(?:#|--)\s*-*\s*!ups\b/i, down: /^[ \t]*(?:#|--)\s*-*\s*!downs\b/i },
];

const LIQUIBASE_HEADER = /^\s*--\s*liquibase formatted sql\b/im;
const DUMP_HEADER = /^-- PostgreSQL database (?:cluster )?dump/m;
const MYBATIS_UNDO = /^[ \t]*--\s*\/\/\s*@UNDO\b/im;

export function isDump(text: string): boolean {
    return DUMP_HEADER.test(text.slice(0, 2000));
}

/** The part of a migration's text that counts. */
export function upSections(text: string): Sections {
    if (LIQUIBASE_HEADER.test(text.slice(0, 2000))) {
        return liquibase(text);
    }
    if (/^\s*--\s*atlas:txtar\b/m.test(text.slice(0, 2000))) {
        return { text: txtar(text), tool: "atlas", properties: NO_PROPERTIES };
    }
    for (const { tool, up, down, boundary } of SWITCHES) {
        // The directive must stand on a line of its own; `up` alone decides whose file it is.
        if (!new RegExp(up.source, "im").test(text)) {
            continue;
        }
        let keep = false;
        const lines = text.split("\n").map((line) => {
            if (up.test(line)) {
                keep = true;
                return "";
            }
            if (down.test(line)) {
                keep = false;
                return ";";
            }
            if (boundary?.test(line)) {
                // A statement between the two may lack its semicolon.
                return keep ? ";" : "";
            }
            return keep ? line : "";
        });
        return { text: lines.join("\n"), tool, properties: NO_PROPERTIES };
    }
    if (MYBATIS_UNDO.test(text)) {
        const at = text.search(MYBATIS_UNDO);
        return { text: text.slice(0, at), properties: NO_PROPERTIES };
    }
    const delimiter = /^\s*--\s*atlas:delimiter\s+(.+?)\s*$/im.exec(text.slice(0, 2000));
    if (delimiter !== null) {
        return { text: withDelimiter(text, delimiter[1] ?? ";"), tool: "atlas", properties: NO_PROPERTIES };
    }
    return isDump(text) ? { text, tool: "pg_dump", properties: NO_PROPERTIES } : { text, properties: NO_PROPERTIES };
}

/** True when Atlas starts at this file on an empty database. */
export function isCheckpoint(text: string): boolean {
    return /^\s*--\s*atlas:checkpoint\b/m.test(text.slice(0, 2000));
}

/** Ends statements with a semicolon where another delimiter ends them. */
function withDelimiter(text: string, written: string): string {
    const delimiter = written.replaceAll("\\n", "\n").replaceAll("\\r", "\r").replaceAll("\\t", "\t");
    if (delimiter === ";" || delimiter === "") {
        return text;
    }
    if (delimiter.includes("\n")) {
        // The delimiter goes, its line breaks stay.
        return text.replaceAll(delimiter, `;${delimiter.replace(/[^\n]/g, "")}`);
    }
    return text
        .split("\n")
        .map((line) => {
            const trimmed = line.trimEnd();
            return trimmed.endsWith(delimiter) && !trimmed.trimStart().startsWith("--")
                ? `${trimmed.slice(0, -delimiter.length)};`
                : line;
        })
        .join("\n");
}

/** Keeps the files of an archive in text form that migrate up: all but checks and downs. */
function txtar(text: string): string {
    let keep = false;
    return text
        .split("\n")
        .map((line) => {
            const head = /^-- (\S+) --\s*$/.exec(line);
            if (head !== null) {
                keep = !/^(?:pre-|post-)?(?:checks?|down)\b/i.test(head[1] ?? "");
                return "";
            }
            return keep ? line : "";
        })
        .join("\n");
}

function liquibase(text: string): Sections {
    const properties = new Map<string, string>();
    let keep = true;
    let ignoring = 0;
    let delimiter = ";";
    const lines = text.split("\n").map((line) => {
        const directive = /^\s*--\s*(changeset|property|ignoreLines|rollback|include)\b[: ]?(.*)$/i.exec(line);
        if (directive === null) {
            if (ignoring > 0) {
                ignoring -= 1;
                return "";
            }
            if (!keep) {
                return "";
            }
            const trimmed = line.trimEnd();
            return delimiter !== ";" && trimmed.endsWith(delimiter) ? `${trimmed.slice(0, -delimiter.length)};` : line;
        }
        const rest = directive[2] ?? "";
        const attribute = (name: string) =>
            new RegExp(`\\b${name}:(?:"([^"]*)"|(\\S+))`, "i")
                .exec(rest)
                ?.slice(1)
                .find((found) => found !== undefined);
        switch ((directive[1] ?? "").toLowerCase()) {
            case "changeset":
                keep = runsOnPostgres(attribute("dbms")) && attribute("ignore")?.toLowerCase() !== "true";
                ignoring = 0;
                delimiter = (attribute("endDelimiter") ?? ";").replace(/^\\n/, "");
                // The one before may lack its semicolon.
                return ";";
            case "property": {
                const name = attribute("name");
                const value = attribute("value");
                if (name !== undefined && value !== undefined && runsOnPostgres(attribute("dbms"))) {
                    // The first definition counts, as in Liquibase.
                    properties.set(name, properties.get(name) ?? value);
                }
                return "";
            }
            case "ignorelines": {
                const count = /^\d+/.exec(rest.trim());
                ignoring =
                    count !== null ? Number(count[0]) : /^start/i.test(rest.trim()) ? Number.MAX_SAFE_INTEGER : 0;
                return "";
            }
            default:
                return "";
        }
    });
    return { text: lines.join("\n"), tool: "liquibase", properties };
}

function runsOnPostgres(dbms: string | undefined): boolean {
    if (dbms === undefined || dbms === "" || dbms === "all") {
        return true;
    }
    const names = dbms.split(",").map((name) => name.trim().toLowerCase());
    if (names.includes("!postgresql") || names.includes("none")) {
        return false;
    }
    return names.every((name) => name.startsWith("!")) || names.includes("postgresql");
}
