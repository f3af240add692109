/**
 * Runs through files as psql would, without a server: follows `\i`, `\set`, `\if` and `\c`, fills placeholders, skips
 * COPY data, and hands each statement on, parsed. What doesn't parse is reported, and reading goes on after it.
 */

import type { Node } from "libpg-query";
import { linesBefore, parseSql } from "../../upstreams/parser";
import type { Finding, Place, ReadFile, Tool } from "../report";
import { decode } from "./decode";
import type { FileSystem } from "./filesystem";
import { type LexedMeta, type LexedStatement, Lexer, type LexerHost } from "./lexer";
import { type PlaceholderContext, type PlaceholderKind, placeholderName, standInSql, standInText } from "./placeholder";
import { normalise, type PlannedFile } from "./plan";
import { Conditions, connectTarget, metaArguments, psqlBoolean } from "./psql";
import { upSections } from "./sections";

/** A statement with its place. */
export interface ReadStatement {
    readonly file: string;
    readonly line: number;
    readonly sql: string;
    readonly node: Node;
    /** After `\c database`. */
    readonly database?: string;
    /** It begins a transaction that the file rolls back. */
    readonly rolledBack: boolean;
    /** Line in the file of a location that the parser gives. */
    lineAt(location: number | undefined): number;
}

/** A placeholder without a value, and what stands in for it. */
export interface StandIn {
    readonly name: string;
    readonly text: string;
    readonly place: Place;
}

export interface ReaderEvents {
    /** A file begins: a new session, `search_path` and role are the defaults again. */
    session(file: string): void;
    statement(statement: ReadStatement): void;
    finding(finding: Finding): void;
}

/** Files above this are refused: a schema-only dump of any real database is far smaller. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;
const MAX_INCLUDES = 32;
/** Statements that do not parse are listed up to this number per file. */
const MAX_UNPARSED = 5;
/** An INSERT longer than this is parsed up to its VALUES only: the rows tell nothing. */
const LONG_INSERT = 20_000;

/** Names that Flyway and Liquibase define themselves. */
const BUILT_IN: ReadonlyMap<string, string> = new Map([
    ["flyway:defaultSchema", "public"],
    ["flyway:user", "postgres"],
    ["flyway:table", "flyway_schema_history"],
    ["flyway:environment", "default"],
]);

export class Reader {
    readonly standIns = new Map<string, StandIn>();
    readonly files: ReadFile[] = [];
    private database: string | undefined;
    private variables = new Map<string, string>();
    private readonly done = new Set<string>();
    private readonly asked = new Set<string>();

    constructor(
        private readonly fs: FileSystem,
        private readonly given: ReadonlyMap<string, string>,
        private readonly events: ReaderEvents,
    ) {}

    /** Reads one file of the plan, in a session of its own. */
    async root(planned: PlannedFile): Promise<void> {
        this.database = undefined;
        this.variables = new Map(this.given);
        this.events.session(planned.file);
        await this.file(planned.file, planned.root, planned.tool, []);
    }

    /** Given variables of which no file that was read makes use. */
    unused(): string[] {
        return [...this.given.keys()].filter((name) => !this.asked.has(name));
    }

    private report(severity: Finding["severity"], code: string, message: string, place: Place, config?: string): void {
        this.events.finding({ severity, code, message, ...place, ...(config === undefined ? {} : { config }) });
    }

    private async load(file: string): Promise<string | undefined> {
        const place = { file, line: 1 };
        try {
            const size = await this.fs.size(file);
            if (size > MAX_FILE_BYTES) {
                this.report(
                    "error",
                    "file-too-large",
                    `${file} has ${Math.round(size / 1024 / 1024)} MB; at most ${MAX_FILE_BYTES / 1024 / 1024} are read. Dump the schema only (pg_dump --schema-only).`,
                    place,
                );
                return undefined;
            }
            const bytes = await this.fs.read(file);
            if (Buffer.from(bytes.subarray(0, 5)).toString("latin1") === "PGDMP") {
                this.report(
                    "error",
                    "dump-format",
                    `${file} is a dump in pg_dump's custom format. Turn it into SQL: pg_restore --schema-only -f schema.sql ${file}`,
                    place,
                );
                return undefined;
            }
            const decoded = decode(bytes);
            if (decoded.encoding === "latin1") {
                this.report("note", "encoding", `${file} is not UTF-8; it is read as Latin-1.`, place);
            }
            return decoded.text;
        } catch (error) {
            const reason = error instanceof Error ? error.message : String(error);
            this.report("error", "file-unreadable", `${file} cannot be read: ${reason}`, place);
            return undefined;
        }
    }

    private async file(file: string, root: string, planned: Tool, including: readonly string[]): Promise<void> {
        const text = await this.load(file);
        if (text === undefined) {
            return;
        }
        this.done.add(file);
        const sections = upSections(text);
        for (const [name, value] of sections.properties) {
            this.setVariable(name, value);
        }
        const run = new FileRun(this, file, sections.text, root, including);
        await run.all();
        this.files.push({
            file,
            tool: planned === "plain" && sections.tool !== undefined ? sections.tool : planned,
            statements: run.count,
        });
    }

    // The parts below serve FileRun.

    variable(name: string): string | undefined {
        this.asked.add(name);
        return this.variables.get(name);
    }

    setVariable(name: string, value: string | undefined): void {
        this.asked.add(name);
        // What the user gives in `variables` wins over the script.
        if (this.given.has(name)) {
            return;
        }
        if (value === undefined) {
            this.variables.delete(name);
        } else {
            this.variables.set(name, value);
        }
    }

    connect(database: string): void {
        this.database = database;
    }

    emit(statement: Omit<ReadStatement, "database">): void {
        this.events.statement(this.database === undefined ? statement : { ...statement, database: this.database });
    }

    finding(severity: Finding["severity"], code: string, message: string, place: Place, config?: string): void {
        this.report(severity, code, message, place, config);
    }

    standIn(name: string, place: Place): void {
        const text = standInText(name);
        if (!this.standIns.has(text)) {
            this.standIns.set(text, { name, text, place });
        }
    }

    async include(path: string, relative: boolean, from: string, root: string, including: readonly string[]) {
        const folder = from.includes("/") ? from.slice(0, from.lastIndexOf("/") + 1) : "";
        const candidates = path.startsWith("/")
            ? [path]
            : relative
              ? [`${folder}${path}`]
              : [path, `${root}/${path}`, `${folder}${path}`, ...ancestors(folder).map((each) => `${each}${path}`)];
        for (const candidate of candidates.map(normalise)) {
            if ((await this.fs.kind(candidate)) === "file") {
                if (including.includes(candidate) || including.length >= MAX_INCLUDES) {
                    return "cycle";
                }
                await this.file(candidate, root, "plain", [...including, from]);
                return "done";
            }
        }
        return "missing";
    }
}

function ancestors(folder: string): string[] {
    const parts = folder.split("/").filter((part, index) => part !== "" || index === 0);
    return parts.map((_, index) => parts.slice(0, parts.length - index).join("/")).map((each) => `${each}/`);
}

/** One pass over one file. */
class FileRun implements LexerHost {
    count = 0;
    private readonly conditions = new Conditions();
    private readonly lexer: Lexer;
    private unparsed = 0;
    private readonly rolledBack: ReadonlySet<number>;
    private stopped = false;

    constructor(
        private readonly reader: Reader,
        private readonly path: string,
        private readonly text: string,
        private readonly root: string,
        private readonly including: readonly string[],
    ) {
        this.lexer = new Lexer(text, this);
        this.lexer.onInner = (meta) => this.condition(meta);
        this.rolledBack = rolledBackTransactions(text);
    }

    active(): boolean {
        return this.conditions.active();
    }

    private line = 1;

    substitute(kind: PlaceholderKind, inside: string, context: PlaceholderContext): string | undefined {
        if (kind === "block") {
            if (/^(?:<%#|\{#)/.test(inside)) {
                return "";
            }
            this.reader.finding(
                "warning",
                "template-logic",
                `The template tag ${inside.slice(0, 60)} is not evaluated: what stands on both sides of it is read.`,
                { file: this.path, line: this.line },
            );
            return "";
        }
        const named = placeholderName(kind, inside);
        if (named === undefined) {
            return undefined;
        }
        const { name } = named;
        const value = this.reader.variable(name) ?? BUILT_IN.get(name) ?? named.fallback;
        if (kind === "psql-defined") {
            return this.reader.variable(name) === undefined ? "FALSE" : "TRUE";
        }
        if (value !== undefined) {
            switch (kind) {
                case "psql-literal":
                    return `'${value.replaceAll("'", "''")}'`;
                case "psql-ident":
                    return `"${value.replaceAll('"', '""')}"`;
                case "python":
                    // A driver quotes a bare parameter; a number stays one.
                    return context.quote !== "none" || /^-?\d+(?:\.\d+)?$|^'/.test(value)
                        ? value
                        : standInSql(kind, name, context).startsWith("'")
                          ? `'${value.replaceAll("'", "''")}'`
                          : value;
                default:
                    return value;
            }
        }
        if (kind === "psql" && context.brackets > 0) {
            return undefined;
        }
        this.reader.standIn(name, { file: this.path, line: this.lexer.line });
        return standInSql(kind, name, context);
    }

    async all(): Promise<void> {
        while (!this.stopped) {
            const piece = this.lexer.next();
            if (piece === undefined) {
                return;
            }
            if (piece.kind === "meta") {
                await this.meta(piece);
            } else {
                this.statement(piece);
            }
        }
    }

    private statement(lexed: LexedStatement): void {
        this.line = lexed.line;
        if (lexed.copiesStdin) {
            this.lexer.skipCopyData();
        }
        let sql = lexed.sql;
        let depth = lexed.depth;
        if (lexed.words[0] === "INSERT" && sql.length > LONG_INSERT && lexed.valuesAt > 0) {
            sql = `${sql.slice(0, lexed.valuesAt)} VALUES (NULL)`;
            depth = 1;
        }
        const parsed = parseSql(sql, depth);
        if ("error" in parsed) {
            this.unreadable(lexed, parsed.error, parsed.at);
            return;
        }
        for (const node of parsed.nodes) {
            this.count += 1;
            this.reader.emit({
                file: this.path,
                line: lexed.line,
                sql: lexed.sql,
                node,
                rolledBack: this.rolledBack.has(lexed.start),
                lineAt: (location) => lexed.line + linesBefore(sql, location),
            });
        }
    }

    private unreadable(lexed: LexedStatement, reason: string, at: number): void {
        const resume = this.resumePoint(lexed);
        const bad = resume === undefined ? lexed.sql : this.text.slice(lexed.start, resume);
        const matters =
            resume === undefined
                ? lexed.mentionsForeign
                : /\b(?:create|alter|drop|import)\s+(?:server|foreign|user\s+mapping)\b/i.test(bad);
        const line = lexed.line + (at > 0 ? lexed.sql.slice(0, at).split("\n").length - 1 : 0);
        this.unparsed += 1;
        if (matters) {
            this.reader.finding(
                "error",
                "unparsed-foreign",
                `This statement cannot be read (${reason}), and it names foreign servers or tables, so stubs may be missing: ${excerpt(lexed.sql)}`,
                { file: this.path, line },
            );
        } else if (this.unparsed <= MAX_UNPARSED) {
            this.reader.finding(
                "warning",
                "unparsed",
                `This is not read (${reason}); nothing in it looks like a foreign server or table: ${excerpt(lexed.sql)}`,
                { file: this.path, line },
            );
        } else if (this.unparsed === MAX_UNPARSED + 1) {
            this.reader.finding("warning", "unparsed", "More of this file cannot be read; the rest is not listed.", {
                file: this.path,
                line,
            });
        }
        if (resume !== undefined) {
            this.lexer.seek(resume);
        }
    }

    /**
     * Where to go on after prose, or after a quote that prose left open: the first line in what was swallowed that
     * begins, in its first column, a DDL statement that parses.
     */
    private resumePoint(lexed: LexedStatement): number | undefined {
        const starts = /^(?:create|alter|drop|import)\s/gim;
        starts.lastIndex = lexed.start + 1;
        for (let tries = 0; tries < 40; tries += 1) {
            const hit = starts.exec(this.text);
            if (hit === null || hit.index >= lexed.end) {
                return undefined;
            }
            const probe = new Lexer(this.text.slice(hit.index, hit.index + 200_000), {
                active: () => true,
                substitute: (kind, inside, context) => {
                    const named = kind === "block" ? { name: "" } : placeholderName(kind, inside);
                    return named === undefined
                        ? undefined
                        : kind === "block"
                          ? ""
                          : standInSql(kind, named.name, context);
                },
            });
            const next = probe.next();
            if (next?.kind === "statement" && "nodes" in parseSql(next.sql, next.depth)) {
                return hit.index;
            }
        }
        return undefined;
    }

    private condition(meta: LexedMeta): void {
        const evaluate = (): boolean => {
            const args = metaArguments(meta.rest, (name) => this.reader.variable(name));
            const value = psqlBoolean(args.join(" "));
            if (value === undefined) {
                this.reader.finding(
                    "warning",
                    "psql-condition",
                    `The condition \\${meta.command}${meta.rest} has no value here; psql takes it as false, and so does this. Give the variable in the configuration.`,
                    { file: this.path, line: meta.line },
                    variableConfig(/:\{?\??['"]?(\w+)/.exec(meta.rest)?.[1]),
                );
            }
            return value ?? false;
        };
        switch (meta.command) {
            case "if":
                this.conditions.open(this.conditions.wants("if") && evaluate());
                break;
            case "elif":
                this.conditions.elif(this.conditions.wants("elif") && evaluate());
                break;
            case "else":
                this.conditions.otherwise();
                break;
            case "endif":
                this.conditions.close();
                break;
            default:
                break;
        }
    }

    private async meta(meta: LexedMeta): Promise<void> {
        const place = { file: this.path, line: meta.line };
        this.line = meta.line;
        if (["if", "elif", "else", "endif"].includes(meta.command)) {
            this.condition(meta);
            return;
        }
        if (!this.active()) {
            return;
        }
        if (meta.statement !== undefined) {
            this.statement(meta.statement);
        }
        const args = metaArguments(meta.rest, (name) => this.reader.variable(name));
        const name = args[0] ?? "";
        switch (meta.command) {
            case "set":
                if (name !== "" && !meta.rest.includes("`")) {
                    this.reader.setVariable(name, args.slice(1).join(""));
                }
                break;
            case "unset":
                this.reader.setVariable(name, undefined);
                break;
            case "i":
            case "include":
            case "ir":
            case "include_relative": {
                const relative = meta.command.includes("r") && meta.command !== "include";
                const outcome = await this.reader.include(name, relative, this.path, this.root, [
                    ...this.including,
                    this.path,
                ]);
                if (outcome === "missing") {
                    this.reader.finding("error", "include-missing", `\\${meta.command} ${name}: no such file.`, place);
                } else if (outcome === "cycle") {
                    this.reader.finding(
                        "error",
                        "include-cycle",
                        `\\${meta.command} ${name}: it includes itself.`,
                        place,
                    );
                }
                break;
            }
            case "c":
            case "connect": {
                const target = connectTarget(args);
                if (target?.startsWith(":")) {
                    this.reader.finding(
                        "error",
                        "connect-unknown",
                        `\\${meta.command} ${target}: the variable has no value, so the database is not known.`,
                        place,
                        variableConfig(target.replace(/\W/g, "")),
                    );
                } else if (target !== undefined) {
                    this.reader.connect(target);
                }
                break;
            }
            case "gexec": {
                // The common way to write CREATE DATABASE IF NOT EXISTS, which concerns no dev database.
                const database = /^\s*select\s+(?:format\s*\(\s*)?'create\s+database\b/i.test(
                    meta.statement?.sql ?? "",
                );
                this.reader.finding(
                    database ? "note" : "warning",
                    "psql-gexec",
                    "\\gexec runs what a query returns; without a server its statements are not known and not read.",
                    place,
                );
                break;
            }
            case "gset":
                this.reader.finding(
                    "note",
                    "psql-gset",
                    "\\gset takes variables from a query; without a server they have no value here.",
                    place,
                );
                break;
            case "!":
            case "copy":
                this.reader.finding("note", "psql-skipped", `\\${meta.command} is not run.`, place);
                break;
            case "q":
            case "quit":
                this.stopped = true;
                break;
            default:
                break;
        }
    }
}

function excerpt(sql: string): string {
    const line = sql.replace(/\s+/g, " ").replace(/(password\s+)'(?:[^']|'')*'?/gi, "$1'…'");
    return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}

/** The configuration that gives a variable its value. */
export function variableConfig(name: string | undefined, value = "…"): string | undefined {
    return name === undefined ? undefined : `fdw-stub:variables: { ${JSON.stringify(name)}: ${JSON.stringify(value)} }`;
}

/** Offsets of the BEGIN statements whose transaction the file rolls back. */
function rolledBackTransactions(text: string): ReadonlySet<number> {
    const found = new Set<number>();
    if (!/\b(?:rollback|abort)\b/i.test(text)) {
        return found;
    }
    const lexer = new Lexer(text, { active: () => true, substitute: () => undefined });
    let begun: number | undefined;
    for (let piece = lexer.next(); piece !== undefined; piece = lexer.next()) {
        if (piece.kind === "meta") {
            continue;
        }
        if (piece.copiesStdin) {
            lexer.skipCopyData();
        }
        const [first, second, third] = piece.words;
        if (first === "BEGIN" || (first === "START" && second === "TRANSACTION")) {
            begun = piece.start;
        } else if (first === "COMMIT" || first === "END") {
            begun = undefined;
        } else if (first === "ROLLBACK" || first === "ABORT") {
            const partial = second === "TO" || third === "TO" || second === "PREPARED";
            if (!partial && begun !== undefined) {
                found.add(begun);
                begun = undefined;
            }
        }
    }
    return found;
}
