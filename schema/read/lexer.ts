/**
 * Cuts text into statements and psql meta-commands, by the rules of psql's own scanner (psqlscan.l): quotes, escape
 * strings, dollar quotes, nested comments, parentheses and `BEGIN ATOMIC` bodies. It never fails: what is not closed
 * ends with the text. Placeholders of templates and psql variables are asked of a host while the text is read,
 * because `\set` between two statements changes them.
 */

import { DepthMeter, OPERATOR_CHARS } from "../../upstreams/depth";
import { DOLLAR_TAG, endOfComment, endOfDollarQuoted, endOfQuoted, match } from "../../upstreams/scan";
import { type PlaceholderContext, type PlaceholderKind, placeholderName } from "./placeholder";

/** What the lexer asks of the script that drives it. */
export interface LexerHost {
    /** False inside the branch of an `\if` that is not taken: the text is passed over. */
    active(): boolean;
    /** The text for a placeholder, or undefined to leave it as it is written. */
    substitute(kind: PlaceholderKind, inside: string, context: PlaceholderContext): string | undefined;
}

export interface LexedStatement {
    readonly kind: "statement";
    /** The statement without its semicolon, placeholders filled in. */
    readonly sql: string;
    /** Line of its first token. */
    readonly line: number;
    /** Offsets in the text: first token, and after the terminator. */
    readonly start: number;
    readonly end: number;
    /** First words outside parentheses, in upper case, at most six. */
    readonly words: readonly string[];
    /** It names a server, a user mapping, a foreign object or a dblink function, so it could matter for an upstream. */
    readonly mentionsForeign: boolean;
    /** `COPY … FROM STDIN`: data lines may follow. */
    readonly copiesStdin: boolean;
    /** Offset in `sql` of the first VALUES outside parentheses, or -1. */
    readonly valuesAt: number;
    /** Longest chain of operators and nesting; the parser's stack grows with it. */
    readonly depth: number;
}

export interface LexedMeta {
    readonly kind: "meta";
    /** Name after the backslash, for example `set`. */
    readonly command: string;
    /** Rest of the line, as written. */
    readonly rest: string;
    readonly line: number;
    /** The statement that the command ends (`\g`, `\gexec` …). */
    readonly statement?: LexedStatement;
}

export type Lexed = LexedStatement | LexedMeta;

/** Meta-commands that send the statement before them. */
const SENDERS = new Set([
    "g",
    "gx",
    "gset",
    "gexec",
    "gdesc",
    "crosstabview",
    "watch",
    "bind",
    "bind_named",
    "parse",
    "sendpipeline",
]);

const TEMPLATE_HINT = /\$\{|\{\{|\{%|\{#|%\(|<%|:['"{A-Za-z_]/;
const SHELL = /\$\{([^{}\n]*)\}/y;
const JINJA = /\{\{([^{}\n]*)\}\}/y;
const JINJA_BLOCK = /\{%[^\n]*?%\}|\{#[\s\S]*?#\}/y;
const PYTHON = /%\(([A-Za-z_][A-Za-z0-9_.]*)\)[sdfb]/y;
const ERB = /<%=([\s\S]*?)-?%>/y;
const ERB_BLOCK = /<%[^=\n][^\n]*?%>/y;
const PSQL =
    /:(?:'([A-Za-z0-9_\u0080-\uffff]+)'|"([A-Za-z0-9_\u0080-\uffff]+)"|([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)|(\{\?[A-Za-z0-9_\u0080-\uffff]+\}))/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER = /[0-9][0-9A-Za-z_.]*/y;
const META = /\\([A-Za-z_]+[+]?|[!?;])/y;
const FOREIGN_OBJECTS = new Set(["TABLE", "DATA", "SCHEMA"]);

export class Lexer {
    private at = 0;
    /** Line that reading has reached, from 1. */
    line = 1;
    private readonly templated: boolean;

    constructor(
        private readonly text: string,
        private readonly host: LexerHost,
    ) {
        this.templated = TEMPLATE_HINT.test(text);
    }

    /** Goes to an offset, forwards or backwards. */
    seek(offset: number): void {
        if (offset < this.at) {
            this.at = 0;
            this.line = 1;
        }
        this.advance(Math.min(offset, this.text.length));
    }

    /** Passes over the lines of COPY data up to and with `\.`; false, and nothing passed, when there is no such end. */
    skipCopyData(): boolean {
        const from = this.text.indexOf("\n", this.at);
        if (from < 0) {
            return false;
        }
        const end = /^\\\.\r?$/gm;
        end.lastIndex = from + 1;
        const found = end.exec(this.text);
        if (found === null) {
            return false;
        }
        this.advance(found.index + found[0].length);
        return true;
    }

    private advance(to: number): void {
        let next = this.text.indexOf("\n", this.at);
        while (next >= 0 && next < to) {
            this.line += 1;
            next = this.text.indexOf("\n", next + 1);
        }
        this.at = to;
    }

    /** The next statement or meta-command, or undefined at the end. */
    next(): Lexed | undefined {
        const text = this.text;
        const length = text.length;
        const parts: string[] = [];
        let size = 0;
        let active = this.host.active();
        let started = false;
        let startLine = this.line;
        let startAt = this.at;
        const words: string[] = [];
        let parens = 0;
        let atomic = 0;
        let brackets = 0;
        let mentionsForeign = false;
        let stdin = false;
        let valuesAt = -1;
        let lastWord = "";
        const depth = new DepthMeter();
        const over = this.templated ? (from: number, close: number) => tagOver(text, from, close) : undefined;

        const push = (piece: string) => {
            if (active) {
                parts.push(piece);
                size += piece.length;
            }
        };
        const begin = () => {
            if (!started && active) {
                started = true;
                startLine = this.line;
                startAt = this.at;
            }
        };
        const take = (to: number, context?: PlaceholderContext) => {
            const raw = text.slice(this.at, to);
            push(
                context !== undefined && this.templated && active && TEMPLATE_HINT.test(raw)
                    ? this.fill(raw, context)
                    : raw,
            );
            this.advance(to);
        };
        const finish = (): LexedStatement | undefined => {
            const sql = parts.join("").trimEnd();
            if (!started || sql === "") {
                return undefined;
            }
            return {
                kind: "statement",
                sql,
                line: startLine,
                start: startAt,
                end: this.at,
                words,
                mentionsForeign,
                copiesStdin: stdin && words[0] === "COPY",
                valuesAt,
                depth: depth.deepest,
            };
        };

        while (this.at < length) {
            const code = text.charCodeAt(this.at);
            const char = text[this.at] ?? "";
            // White space: kept inside a statement, dropped before it.
            if (code <= 32 || code === 0xfeff || code === 0xa0) {
                let to = this.at + 1;
                while (to < length && text.charCodeAt(to) <= 32) {
                    to += 1;
                }
                if (started) {
                    take(to);
                } else {
                    this.advance(to);
                }
                continue;
            }
            if (char === "-" && text[this.at + 1] === "-") {
                const newline = text.indexOf("\n", this.at);
                const to = newline < 0 ? length : newline;
                if (started) {
                    take(to);
                } else {
                    this.advance(to);
                }
                continue;
            }
            if (char === "/" && text[this.at + 1] === "*") {
                const to = endOfComment(text, this.at);
                if (started) {
                    take(to);
                } else {
                    this.advance(to);
                }
                continue;
            }
            if (char === "\\") {
                const meta = match(META, text, this.at);
                if (meta !== null) {
                    const command = meta[1] ?? "";
                    const line = this.line;
                    if (command === ";") {
                        // `\;` separates statements that psql sends together; for reading it is a semicolon.
                        this.advance(this.at + 2);
                        const statement = finish();
                        if (statement !== undefined) {
                            return statement;
                        }
                        continue;
                    }
                    const from = this.at + meta[0].length;
                    const newline = text.indexOf("\n", from);
                    const to = newline < 0 ? length : newline;
                    const rest = text.slice(from, to).replace(/\r$/, "");
                    const sends = SENDERS.has(command) && started;
                    const statement = sends ? finish() : undefined;
                    this.advance(to);
                    if (sends || !started) {
                        return { kind: "meta", command, rest, line, ...(statement === undefined ? {} : { statement }) };
                    }
                    // Inside a statement psql runs the command at once and goes on with the same statement; only the
                    // conditional ones change what follows.
                    this.onInner?.({ kind: "meta", command, rest, line });
                    active = this.host.active();
                    continue;
                }
                begin();
                take(this.at + 1);
                continue;
            }
            if (char === ";") {
                if (parens === 0 && atomic === 0) {
                    this.advance(this.at + 1);
                    if (!active) {
                        continue;
                    }
                    const statement = finish();
                    if (statement !== undefined) {
                        return statement;
                    }
                    continue;
                }
                depth.comma();
                take(this.at + 1);
                continue;
            }
            // Template tags that stand alone may come before a statement; they must not start one when they vanish.
            if (this.templated && active) {
                const tag = this.tagAt(this.at, { quote: "none", before: () => parts.join("").slice(-200), brackets });
                if (tag !== undefined) {
                    if (tag.replacement.trim() !== "") {
                        begin();
                        if (words.length < 6 && parens === 0) {
                            words.push(tag.replacement.toUpperCase());
                        }
                    }
                    push(tag.replacement);
                    this.advance(tag.end);
                    continue;
                }
            }
            begin();
            if (char === "'") {
                const escapes = /^[eE]$/.test(lastWord) && text[this.at - 1]?.toUpperCase() === "E";
                take(endOfQuoted(text, this.at, "'", escapes, over), {
                    quote: "literal",
                    before: () => parts.join("").slice(-200),
                    brackets,
                });
                continue;
            }
            if (char === '"') {
                take(endOfQuoted(text, this.at, '"', false, over), {
                    quote: "ident",
                    before: () => parts.join("").slice(-200),
                    brackets,
                });
                lastWord = "";
                continue;
            }
            if (char === "$") {
                const tag = match(DOLLAR_TAG, text, this.at);
                if (tag !== null) {
                    const to = endOfDollarQuoted(text, this.at, tag[0]);
                    const body = text.slice(this.at, to);
                    mentionsForeign ||= /\b(?:foreign|user\s+mapping|server|dblink)\b/i.test(body);
                    take(to, { quote: "dollar", before: () => parts.join("").slice(-200), brackets });
                    continue;
                }
                take(this.at + 1);
                continue;
            }
            const word = match(WORD, text, this.at);
            if (word !== null) {
                const before = lastWord.toUpperCase();
                lastWord = word[0];
                const upper = lastWord.toUpperCase();
                if (words.length < 6 && parens === 0) {
                    words.push(upper);
                }
                // FOREIGN KEY is something else.
                mentionsForeign ||=
                    upper === "SERVER" ||
                    upper.startsWith("DBLINK") ||
                    (before === "USER" && upper === "MAPPING") ||
                    (before === "FOREIGN" && FOREIGN_OBJECTS.has(upper));
                stdin ||= upper === "STDIN";
                depth.word(upper);
                if (upper === "VALUES" && parens === 0 && valuesAt < 0) {
                    valuesAt = size;
                }
                if (parens === 0 && definesRoutine(words)) {
                    if (upper === "BEGIN" || (upper === "CASE" && atomic > 0)) {
                        atomic += 1;
                    } else if (upper === "END" && atomic > 0) {
                        atomic -= 1;
                    }
                }
                take(this.at + lastWord.length);
                continue;
            }
            lastWord = "";
            const number = match(NUMBER, text, this.at);
            if (number !== null) {
                take(this.at + number[0].length);
                continue;
            }
            if (char === "(") {
                parens += 1;
                depth.enter();
            } else if (char === ")") {
                parens = Math.max(0, parens - 1);
                depth.leave();
            } else if (char === "[") {
                brackets += 1;
                depth.enter();
            } else if (char === "]") {
                brackets = Math.max(0, brackets - 1);
                depth.leave();
            } else if (char === ",") {
                depth.comma();
            } else if (char === ":" && text[this.at + 1] === ":") {
                depth.step();
                take(this.at + 2);
                continue;
            } else if (OPERATOR_CHARS.includes(char)) {
                depth.step();
            }
            take(this.at + 1);
        }
        return finish();
    }

    /** Told of a meta-command in the middle of a statement. */
    onInner: ((meta: LexedMeta) => void) | undefined;

    /** A template tag that starts at an offset of the text, with what it becomes. */
    private tagAt(
        at: number,
        context: PlaceholderContext,
        source = this.text,
    ): { replacement: string; end: number } | undefined {
        const char = source[at];
        const found = (kind: PlaceholderKind, hit: RegExpExecArray | null, inside: string | undefined) => {
            if (hit === null) {
                return undefined;
            }
            const replacement = this.host.substitute(kind, inside ?? "", context);
            return replacement === undefined ? undefined : { replacement, end: at + hit[0].length };
        };
        if (char === "$") {
            const hit = match(SHELL, source, at);
            return found("shell", hit, hit?.[1]);
        }
        if (char === "{") {
            const hit = match(JINJA, source, at);
            if (hit !== null) {
                return found("jinja", hit, hit[1]);
            }
            const block = match(JINJA_BLOCK, source, at);
            return found("block", block, block?.[0]);
        }
        if (char === "%") {
            const hit = match(PYTHON, source, at);
            return found("python", hit, hit?.[1]);
        }
        if (char === "<") {
            const hit = match(ERB, source, at);
            if (hit !== null) {
                return found("erb", hit, hit[1]);
            }
            const lineStart = source.lastIndexOf("\n", at - 1) + 1;
            if (context.quote === "none" && source.slice(lineStart, at).trim() === "") {
                const block = match(ERB_BLOCK, source, at);
                return found("block", block, block?.[0]);
            }
            return undefined;
        }
        if (char === ":" && context.quote === "none" && source[at - 1] !== ":" && source[at + 1] !== ":") {
            const hit = match(PSQL, source, at);
            if (hit === null) {
                return undefined;
            }
            if (hit[1] !== undefined) {
                return found("psql-literal", hit, hit[1]);
            }
            if (hit[2] !== undefined) {
                return found("psql-ident", hit, hit[2]);
            }
            if (hit[3] !== undefined) {
                return found("psql", hit, hit[3]);
            }
            return found("psql-defined", hit, hit[4]?.slice(2, -1));
        }
        return undefined;
    }

    /** Fills the placeholders inside a quoted token. */
    private fill(raw: string, context: PlaceholderContext): string {
        let out = "";
        let from = 0;
        for (let at = 0; at < raw.length; at += 1) {
            const char = raw[at];
            if (char !== "$" && char !== "{" && char !== "%" && char !== "<") {
                continue;
            }
            const upTo = out + raw.slice(from, at);
            const tag = this.tagAt(
                at,
                { ...context, before: () => context.before() + upTo.slice(-200), opening: context.before },
                raw,
            );
            if (tag !== undefined) {
                out = upTo + tag.replacement;
                from = tag.end;
                at = tag.end - 1;
            }
        }
        return out + raw.slice(from);
    }
}

/**
 * Where a template tag that opened inside a quoted token ends, if it reaches over `close`: the quotes in
 * `'<%= ENV.fetch('X') %>'` are the tag's own.
 */
function tagOver(text: string, from: number, close: number): number | undefined {
    // Only the token and the rest of its line are looked at: searching on would make long files slow.
    for (const hit of text.slice(from, close).matchAll(/\{\{|<%=|\$\{/g)) {
        const end = hit[0] === "{{" ? "}}" : hit[0] === "<%=" ? "%>" : "}";
        const start = from + hit.index;
        const newline = text.indexOf("\n", close);
        const line = text.slice(start, newline < 0 ? text.length : newline);
        const at = start + line.indexOf(end);
        if (at > close) {
            const kind = hit[0] === "{{" ? "jinja" : hit[0] === "<%=" ? "erb" : "shell";
            const inside = text.slice(start + hit[0].length, at);
            if (!inside.includes("\n") && placeholderName(kind, inside) !== undefined) {
                return at + end.length;
            }
        }
    }
    return undefined;
}

/** CREATE [OR REPLACE] FUNCTION or PROCEDURE, as psql tells it. */
function definesRoutine(words: readonly string[]): boolean {
    if (words[0] !== "CREATE") {
        return false;
    }
    const kind = words[1] === "OR" && words[2] === "REPLACE" ? words[3] : words[1];
    return kind === "FUNCTION" || kind === "PROCEDURE";
}
