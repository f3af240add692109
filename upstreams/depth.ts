/** How deep the tree of a statement becomes, told by its tokens: the parser's stack grows with it. */

import { DOLLAR_TAG, endOfComment, endOfDollarQuoted, endOfQuoted, match } from "./scan";

/** Longest chain of operators and nesting that is parsed; the parser's stack holds about five times as many. */
export const MAX_DEPTH = 1000;

export const OPERATOR_CHARS = "+-*/<>=~!@#%^&|`?";
/** Words that nest a tree without parentheses. */
const CHAINING = new Set([
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "JOIN",
    "CASE",
    "NOT",
    "COLLATE",
    "IS",
    "ISNULL",
    "NOTNULL",
    "AT",
    "WHEN",
]);

/** A word, with the character before the opening quote of `E'…'`. */
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER = /[0-9][0-9A-Za-z_.]*/y;

/** Counts chains and nesting: the sum, over the open parentheses, of the operators since the last comma. */
export class DepthMeter {
    private readonly open: number[] = [0];
    private sum = 0;
    deepest = 0;

    word(upper: string): void {
        if (CHAINING.has(upper)) {
            this.step();
        }
    }

    step(): void {
        const last = this.open.length - 1;
        this.open[last] = (this.open[last] ?? 0) + 1;
        this.sum += 1;
        this.deepest = Math.max(this.deepest, this.sum);
    }

    enter(): void {
        this.step();
        this.open.push(0);
    }

    leave(): void {
        const inner = this.open.length > 1 ? (this.open.pop() ?? 0) : 0;
        this.sum -= inner;
    }

    comma(): void {
        const last = this.open.length - 1;
        this.sum -= this.open[last] ?? 0;
        this.open[last] = 0;
    }
}

export interface Depth {
    readonly depth: number;
    /** Offset in the text at which it becomes more than MAX_DEPTH; -1 where it doesn't. */
    readonly at: number;
}

/** The deepest statement of a text that holds nothing but SQL. */
export function measure(text: string): Depth {
    const meter = new DepthMeter();
    let passed = -1;
    for (let at = 0; at < text.length; ) {
        const end = token(text, at, meter);
        if (passed < 0 && meter.deepest > MAX_DEPTH) {
            passed = at;
        }
        at = end;
    }
    return { depth: meter.deepest, at: passed };
}

/** Counts the token at an offset, and tells where it ends. */
function token(text: string, at: number, meter: DepthMeter): number {
    const char = text[at] ?? "";
    if (char <= " ") {
        return at + 1;
    }
    if (char === "-" && text[at + 1] === "-") {
        const newline = text.indexOf("\n", at);
        return newline < 0 ? text.length : newline;
    }
    if (char === "/" && text[at + 1] === "*") {
        return endOfComment(text, at);
    }
    if (char === "'" || char === '"') {
        return endOfQuoted(text, at, char, false);
    }
    if (char === "$") {
        const tag = match(DOLLAR_TAG, text, at);
        return tag === null ? at + 1 : endOfDollarQuoted(text, at, tag[0]);
    }
    const word = match(WORD, text, at);
    if (word !== null) {
        const end = at + word[0].length;
        if ((word[0] === "e" || word[0] === "E") && text[end] === "'") {
            return endOfQuoted(text, end, "'", true);
        }
        meter.word(word[0].toUpperCase());
        return end;
    }
    const number = match(NUMBER, text, at);
    if (number !== null) {
        return at + number[0].length;
    }
    if (char === "(" || char === "[") {
        meter.enter();
    } else if (char === ")" || char === "]") {
        meter.leave();
    } else if (char === "," || char === ";") {
        meter.comma();
    } else if (char === ":" && text[at + 1] === ":") {
        meter.step();
        return at + 2;
    } else if (OPERATOR_CHARS.includes(char)) {
        meter.step();
    }
    return at + 1;
}
