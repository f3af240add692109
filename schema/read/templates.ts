/** Finds the placeholders of templates and psql in a text, and fills them in. What they become, a host decides. */

import { endOfComment, match } from "../../upstreams/scan";
import { type PlaceholderContext, type PlaceholderKind, placeholderName } from "./placeholder";

export interface Substituter {
    /** The text for a placeholder, or undefined to leave it as it is written. */
    substitute(kind: PlaceholderKind, inside: string, context: PlaceholderContext): string | undefined;
}

/** What is known of a placeholder before its end is. */
export type TagContext = Omit<PlaceholderContext, "after">;

export interface Tag {
    readonly replacement: string;
    /** Offset after the tag. */
    readonly end: number;
}

/** A text without any of these holds no placeholder. */
const HINT = /\$[A-Za-z_{]|\{\{|\{%|\{#|%\(|<%|@[A-Za-z_@]|:['"{A-Za-z_]/;
const OPENERS = new Set(["$", "{", "%", "<", "@", ":"]);

/** So much of the text before a placeholder tells what it stands for. */
export const NEARBY = 2000;

const SHELL = /\$\{([^{}\n]*)\}/y;
const SHELL_BARE = /\$([A-Za-z_][A-Za-z0-9_]*)(?![\w$])/y;
const AT = /@([A-Za-z_][A-Za-z0-9_]*)@/y;
const AT_TWICE = /@@([A-Za-z_][A-Za-z0-9_]*)@@(?!@)/y;
const JINJA = /\{\{([^{}\n]*)\}\}/y;
const JINJA_BLOCK = /\{%[^\n]*?%\}|\{#[\s\S]*?#\}/y;
const PYTHON = /%\(([A-Za-z_][A-Za-z0-9_.]*)\)[sdfb]/y;
const ERB = /<%=([\s\S]*?)-?%>/y;
const ERB_BLOCK = /<%[^=\n][^\n]*?%>/y;
const PSQL =
    /:(?:'([A-Za-z0-9_\u0080-\uffff]+)'|"([A-Za-z0-9_\u0080-\uffff]+)"|([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)|\{\?([A-Za-z0-9_\u0080-\uffff]+)\})/y;

export function mayHoldPlaceholder(text: string): boolean {
    return HINT.test(text);
}

/** Whether a placeholder can begin with this character. */
export function opensPlaceholder(char: string): boolean {
    return OPENERS.has(char);
}

/** The placeholder that starts at an offset of a text, with what it becomes. */
export function tagAt(source: string, at: number, context: TagContext, host: Substituter): Tag | undefined {
    const char = source[at] ?? "";
    if (!OPENERS.has(char)) {
        return undefined;
    }
    const found = (kind: PlaceholderKind, hit: RegExpExecArray | null, inside: string | undefined) => {
        if (hit === null) {
            return undefined;
        }
        const end = at + hit[0].length;
        const replacement = host.substitute(kind, inside ?? "", {
            ...context,
            after: () => source.slice(end, end + 500),
        });
        return replacement === undefined ? undefined : { replacement, end };
    };
    const before = source[at - 1] ?? "";
    switch (char) {
        case "$": {
            const braces = match(SHELL, source, at);
            if (braces !== null) {
                return found("shell", braces, braces[1]);
            }
            const bare = /[\w$\\]/.test(before) ? null : match(SHELL_BARE, source, at);
            return found("shell-bare", bare, bare?.[1]);
        }
        case "@": {
            const twice = before === "@" ? null : match(AT_TWICE, source, at);
            if (twice !== null) {
                return found("at", twice, twice[1]);
            }
            // An address has a word before its sign.
            const hit = /[\w.\\-]/.test(before) ? null : match(AT, source, at);
            const inner = hit !== null && before === "@" && source[at + hit[0].length] === "@";
            return found("at", inner ? null : hit, hit?.[1]);
        }
        case "{": {
            const hit = match(JINJA, source, at);
            if (hit !== null) {
                return found("jinja", hit, hit[1]);
            }
            const block = match(JINJA_BLOCK, source, at);
            return found("block", block, block?.[0]);
        }
        case "%": {
            const hit = match(PYTHON, source, at);
            return found("python", hit, hit?.[1]);
        }
        case "<": {
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
        default: {
            // psql looks into nothing that is quoted, and reads the arguments of its commands by itself.
            if (context.quote !== "none" || before === ":" || source[at + 1] === ":") {
                return undefined;
            }
            const hit = match(PSQL, source, at);
            const [, literal, ident, plain, defined] = hit ?? [];
            return literal !== undefined
                ? found("psql-literal", hit, literal)
                : ident !== undefined
                  ? found("psql-ident", hit, ident)
                  : plain !== undefined
                    ? found("psql", hit, plain)
                    : found("psql-defined", hit, defined);
        }
    }
}

/** Text whose placeholders are filled in one by one. */
class Filling {
    private readonly pieces: string[] = [];
    private recent = "";
    private from = 0;

    constructor(
        private readonly raw: string,
        private readonly context: TagContext,
        private readonly host: Substituter,
    ) {}

    /** The last part of what is filled so far, up to an offset. */
    upTo(to: number): string {
        return (this.recent + this.raw.slice(Math.max(this.from, to - NEARBY), to)).slice(-NEARBY);
    }

    /** Fills in the placeholder at an offset, if one is there; gives the offset after it. */
    tag(at: number, context: Pick<PlaceholderContext, "quote" | "before" | "inside">): number {
        const { raw } = this;
        const line = () => this.context.line() + raw.slice(0, at).split("\n").length - 1;
        const tag = tagAt(raw, at, { ...this.context, ...context, line }, this.host);
        if (tag === undefined) {
            return at + 1;
        }
        this.recent = (this.upTo(at) + tag.replacement).slice(-NEARBY);
        this.pieces.push(raw.slice(this.from, at), tag.replacement);
        this.from = tag.end;
        return tag.end;
    }

    get text(): string {
        return this.from === 0 ? this.raw : this.pieces.join("") + this.raw.slice(this.from);
    }
}

/** Fills the placeholders inside a quoted token, or in the arguments of a psql command. */
export function fill(raw: string, context: TagContext, host: Substituter): string {
    if (!mayHoldPlaceholder(raw)) {
        return raw;
    }
    const filling = new Filling(raw, context, host);
    const opening = /^[eE]?['"]/.exec(raw)?.[0].length ?? 0;
    for (let at = 0; at < raw.length; ) {
        const here = at;
        if (context.quote === "meta" && raw[at] === "`") {
            // A shell command is no text to fill in.
            const close = raw.indexOf("`", at + 1);
            at = close < 0 ? raw.length : close + 1;
            continue;
        }
        at = OPENERS.has(raw[at] ?? "")
            ? filling.tag(at, {
                  quote: context.quote,
                  before: context.before,
                  inside: () => filling.upTo(here).slice(here - opening < NEARBY ? opening : 0),
              })
            : at + 1;
    }
    return filling.text;
}

/** Fills the placeholders of a dollar-quoted body, outside its comments. */
export function fillBody(raw: string, context: TagContext, host: Substituter): string {
    if (!mayHoldPlaceholder(raw)) {
        return raw;
    }
    const filling = new Filling(raw, context, host);
    let literal = -1;
    for (let at = 0; at < raw.length; ) {
        const char = raw[at];
        if (literal < 0 && char === "-" && raw[at + 1] === "-") {
            const newline = raw.indexOf("\n", at);
            at = newline < 0 ? raw.length : newline;
            continue;
        }
        if (literal < 0 && char === "/" && raw[at + 1] === "*") {
            at = endOfComment(raw, at);
            continue;
        }
        if (char === "'") {
            if (literal < 0) {
                literal = at;
            } else if (raw[at + 1] === "'") {
                at += 1;
            } else {
                literal = -1;
            }
            at += 1;
            continue;
        }
        if (!OPENERS.has(char ?? "")) {
            at += 1;
            continue;
        }
        const here = at;
        const open = literal;
        at = filling.tag(
            at,
            open < 0
                ? { quote: "body", before: () => filling.upTo(here), inside: () => "" }
                : {
                      quote: "body-literal",
                      before: () => raw.slice(Math.max(0, open - NEARBY), open),
                      inside: () => raw.slice(Math.max(open + 1, here - NEARBY), here),
                  },
        );
    }
    return filling.text;
}

/**
 * Where a template tag that opened inside a quoted token ends, if it reaches over `close`: the quotes in
 * `'<%= ENV.fetch('X') %>'` are the tag's own.
 */
export function tagOver(text: string, from: number, close: number): number | undefined {
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
