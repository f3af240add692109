/**
 * Cuts text into statements and psql meta-commands, by the rules of psql's own scanner (psqlscan.l): quotes, escape
 * strings, dollar quotes, nested comments, parentheses and `BEGIN ATOMIC` bodies. It never fails: what is not closed
 * ends with the text. Placeholders of templates and psql variables are asked of a host while the text is read,
 * because `\set` and `\gset` between two statements change them.
 */

import { DOLLAR_TAG, endOfComment, endOfDollarQuoted, endOfQuoted, match } from "../../upstreams/scan";
import { Draft, type LexedStatement } from "./draft";
import { argumentsEnd, SENDERS } from "./psql";
import {
    fill,
    fillBody,
    mayHoldPlaceholder,
    opensPlaceholder,
    type Substituter,
    type TagContext,
    tagAt,
    tagOver,
} from "./templates";

export type { LexedStatement } from "./draft";

/** What the lexer asks of the script that drives it. */
export interface LexerHost extends Substituter {
    /** False inside the branch of an `\if` that is not taken: the text is passed over. */
    active(): boolean;
}

/** Leaves everything as it is written. */
export const PLAIN_HOST: LexerHost = { active: () => true, substitute: () => undefined };

export interface LexedMeta {
    readonly kind: "meta";
    /** Name after the backslash, for example `set`. */
    readonly command: string;
    /** Its arguments, placeholders of templates filled in. */
    readonly rest: string;
    readonly line: number;
    /** The statement that the command ends (`\g`, `\gexec` …). */
    readonly statement?: LexedStatement;
}

export type Lexed = LexedStatement | LexedMeta;

/** A name ends before a shell's placeholder, although a dollar sign may stand in it. */
const WORD = /[A-Za-z_\u0080-\uffff](?:[A-Za-z0-9_\u0080-\uffff]|\$(?!\{))*/y;
const NUMBER = /[0-9][0-9A-Za-z_.]*/y;
const META = /\\([A-Za-z_]+[+]?|[!?])/y;
const LANGUAGE = /\blanguage\s+['"]?(\w+)/gi;

export class Lexer {
    private at = 0;
    /** Line that reading has reached, from 1. */
    private line = 1;
    /** The first line break at or after `at`. */
    private newline = -1;
    private draft = new Draft();
    private readonly templated: boolean;

    constructor(
        private readonly text: string,
        private readonly host: LexerHost,
        /** Text that psql does not look into (`\gexec`): no meta-commands. */
        private readonly literal = false,
    ) {
        this.templated = mayHoldPlaceholder(text);
    }

    /** Goes back, or on, to an offset at or after the start of a statement, which is given up. */
    resume(offset: number, statement: LexedStatement): void {
        this.at = statement.start;
        this.line = statement.line;
        this.newline = statement.start - 1;
        this.draft = new Draft();
        this.advance(offset);
    }

    /** Throws away the statement that has begun (`\r`). */
    reset(): void {
        this.draft = new Draft();
    }

    /** The lines of COPY data up to `\.`, which is passed over; undefined, and nothing passed, without such an end. */
    copyData(): string | undefined {
        const newline = this.text.indexOf("\n", this.at);
        for (let at = newline; at >= 0; at = this.text.indexOf("\n\\.", at + 1)) {
            const end = /\n\\\.\r?(?=\n|$)/y;
            const hit = match(end, this.text, at);
            if (hit !== null) {
                const data = this.text.slice(newline + 1, at + 1);
                this.advance(at + hit[0].length);
                return data;
            }
        }
        return undefined;
    }

    private advance(to: number): void {
        // Looked for only when it is passed: a dump may have all its rows in one line.
        while (this.newline < to) {
            this.line += this.newline >= this.at ? 1 : 0;
            const next = this.text.indexOf("\n", this.newline + 1);
            this.newline = next < 0 ? this.text.length : next;
        }
        this.at = to;
    }

    /** The next statement or meta-command, or undefined at the end. A statement goes on after a command inside it. */
    next(): Lexed | undefined {
        const { text } = this;
        while (this.at < text.length) {
            const code = text.charCodeAt(this.at);
            const char = text[this.at] ?? "";
            if (code <= 32 || code === 0xfeff || code === 0xa0) {
                this.between(this.endOfSpace());
            } else if (char === "-" && text[this.at + 1] === "-") {
                const newline = text.indexOf("\n", this.at);
                this.between(newline < 0 ? text.length : newline);
            } else if (char === "/" && text[this.at + 1] === "*") {
                this.between(endOfComment(text, this.at));
            } else if (char === "\\" && !this.literal) {
                const piece = this.backslash();
                if (piece !== undefined) {
                    return piece;
                }
            } else if (!this.host.active()) {
                this.advance(this.endOfToken(char));
            } else if (char === ";" && this.draft.topLevel) {
                this.advance(this.at + 1);
                const statement = this.finish();
                if (statement !== undefined) {
                    return statement;
                }
            } else {
                this.token(char);
            }
        }
        return this.finish();
    }

    private finish(): LexedStatement | undefined {
        const statement = this.draft.finish(this.at);
        this.draft = new Draft();
        return statement;
    }

    private endOfSpace(): number {
        let to = this.at + 1;
        while (to < this.text.length && this.text.charCodeAt(to) <= 32) {
            to += 1;
        }
        return to;
    }

    /** White space and comments: kept inside a statement, dropped before it. */
    private between(to: number): void {
        if (this.draft.started && this.host.active()) {
            this.draft.push(this.text.slice(this.at, to));
        }
        this.advance(to);
    }

    private take(to: number): void {
        this.draft.push(this.text.slice(this.at, to));
        this.advance(to);
    }

    private context(quote: TagContext["quote"], foreignLanguage = false): TagContext {
        const { draft, line } = this;
        return {
            quote,
            before: () => draft.tail(),
            inside: () => "",
            colons: draft.colons,
            foreignLanguage,
            line: () => line,
        };
    }

    private backslash(): Lexed | undefined {
        const { text } = this;
        const following = text[this.at + 1];
        if (following === ";") {
            // `\;` separates statements that psql sends together; for reading it is a semicolon.
            this.advance(this.at + 2);
            return this.host.active() ? this.finish() : undefined;
        }
        if (following === ":") {
            // `\:` keeps a colon from being a variable's.
            this.advance(this.at + 1);
            this.take(this.at + 1);
            return undefined;
        }
        const meta = match(META, text, this.at);
        if (meta === null) {
            if (this.host.active()) {
                this.draft.begin(this.at, this.line);
                this.draft.push("\\");
            }
            this.advance(this.at + 1);
            return undefined;
        }
        const command = meta[1] ?? "";
        const { line } = this;
        const from = this.at + meta[0].length;
        const { to, next } = argumentsEnd(text, from, command);
        const raw = text.slice(from, to).replace(/\r$/, "");
        const active = this.host.active();
        const rest = active && this.templated ? fill(raw, this.context("meta"), this.host) : raw;
        const statement = active && SENDERS.has(command) ? this.finish() : undefined;
        this.advance(next);
        return { kind: "meta", command, rest, line, ...(statement === undefined ? {} : { statement }) };
    }

    /** The end of a token that is not looked into. */
    private endOfToken(char: string): number {
        const { text, at } = this;
        if (char === "'" || char === '"') {
            const escapes = char === "'" && /(?:^|[^\w$])[eE]$/.test(text.slice(Math.max(0, at - 2), at));
            return endOfQuoted(text, at, char, escapes, this.over);
        }
        const tag = char === "$" ? match(DOLLAR_TAG, text, at) : null;
        if (tag !== null) {
            return endOfDollarQuoted(text, at, tag[0]);
        }
        const word = match(WORD, text, at) ?? match(NUMBER, text, at);
        return at + (word?.[0].length ?? 1);
    }

    private readonly over = (from: number, close: number): number | undefined =>
        this.templated ? tagOver(this.text, from, close) : undefined;

    private token(char: string): void {
        const { text, at, draft } = this;
        if (this.templated && opensPlaceholder(char)) {
            // A tag that stands alone may come before a statement; it must not start one when it vanishes.
            const tag = tagAt(text, at, this.context("none"), this.host);
            if (tag !== undefined) {
                if (tag.replacement.trim() !== "") {
                    draft.begin(at, this.line);
                    draft.placeholder(tag.replacement);
                }
                draft.push(tag.replacement);
                this.advance(tag.end);
                return;
            }
        }
        draft.begin(at, this.line);
        const to = this.endOfToken(char);
        const raw = text.slice(at, to);
        if (char === "'" || char === '"') {
            const filled = this.templated
                ? fill(raw, this.context(char === "'" ? "literal" : "ident"), this.host)
                : raw;
            draft.quoted(filled);
        } else if (char === "$" && raw.length > 1) {
            draft.body(this.templated ? fillBody(raw, this.context("body", this.foreignLanguage(to)), this.host) : raw);
        } else if (raw.length > 1 || /[A-Za-z_\u0080-\uffff]/.test(char)) {
            draft.word(raw);
        } else if (char === ":" && text[at + 1] === ":") {
            draft.sign("::");
            this.advance(at + 2);
            return;
        } else {
            draft.sign(raw);
        }
        this.advance(to);
    }

    /** Whether the body that ends here is in a language that is not SQL, told before it or behind it. */
    private foreignLanguage(to: number): boolean {
        const behind = /^[^;]*/.exec(this.text.slice(to, to + 200))?.[0] ?? "";
        const told = [...`${this.draft.tail()} ${behind}`.matchAll(LANGUAGE)].at(-1)?.[1]?.toLowerCase();
        return told !== undefined && told !== "sql" && told !== "plpgsql";
    }
}
