/** A statement while it is being read. */

import { NEARBY } from "./templates";

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
}

const FOREIGN_OBJECTS = new Set(["TABLE", "DATA", "SCHEMA"]);
/** Their arguments may be written with a colon: `JSON_OBJECT('key':value)`. */
const COLON_CALLS = new Set(["JSON_OBJECT", "JSON_OBJECTAGG"]);
const FOREIGN_WORDS = /\b(?:foreign|user\s+mapping|server|dblink)\b/i;

export class Draft {
    private readonly parts: string[] = [];
    private start = 0;
    private line = 1;
    private readonly words: string[] = [];
    private lastWord = "";
    private parens = 0;
    private brackets = 0;
    /** Depth of open `BEGIN ATOMIC` bodies and the CASEs in them. */
    private atomic = 0;
    /** Parentheses that belong to a call in which colons are written. */
    private readonly colonParens: number[] = [];
    private mentionsForeign = false;
    private fromStdin = false;
    started = false;

    /** A semicolon ends the statement here. */
    get topLevel(): boolean {
        return this.parens === 0 && this.atomic === 0;
    }

    get colons(): boolean {
        return this.brackets > 0 || this.colonParens.at(-1) === this.parens;
    }

    begin(at: number, line: number): void {
        if (!this.started) {
            this.started = true;
            this.start = at;
            this.line = line;
        }
    }

    push(piece: string): void {
        this.parts.push(piece);
    }

    /** The end of what was read so far. */
    tail(): string {
        let text = "";
        for (let index = this.parts.length - 1; index >= 0 && text.length < NEARBY; index -= 1) {
            text = (this.parts[index] ?? "").slice(-NEARBY) + text;
        }
        return text;
    }

    private listed(word: string): void {
        if (this.words.length < 6 && this.parens === 0) {
            this.words.push(word.toUpperCase());
        }
    }

    /** What a placeholder became outside quotes. */
    placeholder(text: string): void {
        this.listed(text);
        this.lastWord = "";
    }

    quoted(text: string): void {
        this.lastWord = "";
        this.push(text);
    }

    body(text: string): void {
        this.mentionsForeign ||= FOREIGN_WORDS.test(text);
        this.quoted(text);
    }

    word(text: string): void {
        const upper = text.toUpperCase();
        const before = this.lastWord;
        this.lastWord = upper;
        this.push(text);
        if (/^\d/.test(text)) {
            this.lastWord = "";
            return;
        }
        this.listed(text);
        // FOREIGN KEY is something else.
        this.mentionsForeign ||=
            upper === "SERVER" ||
            upper.startsWith("DBLINK") ||
            (before === "USER" && upper === "MAPPING") ||
            (before === "FOREIGN" && FOREIGN_OBJECTS.has(upper));
        this.fromStdin ||= upper === "STDIN" && before === "FROM" && this.parens === 0;
        if (this.parens === 0 && definesRoutine(this.words)) {
            if (upper === "BEGIN" || (upper === "CASE" && this.atomic > 0)) {
                this.atomic += 1;
            } else if (upper === "END" && this.atomic > 0) {
                this.atomic -= 1;
            }
        }
    }

    sign(text: string): void {
        this.push(text);
        const before = this.lastWord;
        this.lastWord = "";
        if (text === "(") {
            this.parens += 1;
            if (COLON_CALLS.has(before)) {
                this.colonParens.push(this.parens);
            }
        } else if (text === ")") {
            if (this.colonParens.at(-1) === this.parens) {
                this.colonParens.pop();
            }
            this.parens = Math.max(0, this.parens - 1);
        } else if (text === "[") {
            this.brackets += 1;
        } else if (text === "]") {
            this.brackets = Math.max(0, this.brackets - 1);
        }
    }

    /** The statement, unless nothing but comments was read. */
    finish(end: number): LexedStatement | undefined {
        const sql = this.parts.join("").trimEnd();
        if (!this.started || sql === "") {
            return undefined;
        }
        return {
            kind: "statement",
            sql,
            line: this.line,
            start: this.start,
            end,
            words: this.words,
            mentionsForeign: this.mentionsForeign,
            copiesStdin: this.fromStdin && this.words[0] === "COPY",
        };
    }
}

/** CREATE [OR REPLACE] FUNCTION or PROCEDURE, as psql tells it. */
function definesRoutine(words: readonly string[]): boolean {
    if (words[0] !== "CREATE") {
        return false;
    }
    const kind = words[1] === "OR" && words[2] === "REPLACE" ? words[3] : words[1];
    return kind === "FUNCTION" || kind === "PROCEDURE";
}
