/** psql's meta-commands as they are written: where their arguments end, and what they are. */

import { quoteIdentUnchecked, quoteLiteral } from "../../upstreams/quote";

/** Meta-commands that send the statement before them. */
export const SENDERS: ReadonlySet<string> = new Set([
    "g",
    "gx",
    "gset",
    "gexec",
    "gdesc",
    "crosstabview",
    "watch",
    "parse",
    "sendpipeline",
]);

/** Commands whose argument is the rest of the line, whatever it holds. */
const WHOLE_LINE = new Set(["!", "copy", "ef", "ev", "sf", "sv", "h", "help"]);
/** Commands that take the rest of the line as a shell command after a `|`. */
const PIPES = new Set(["g", "gx", "o", "out", "w", "write"]);

/**
 * Where the arguments of a command that begin at `from` end, and where reading goes on: at the end of the line, or at
 * a backslash that is not quoted, which begins another command; two of them lead back to SQL.
 */
export function argumentsEnd(text: string, from: number, command: string): { to: number; next: number } {
    const newline = text.indexOf("\n", from);
    const end = newline < 0 ? text.length : newline;
    if (WHOLE_LINE.has(command) || (PIPES.has(command) && text.slice(from, end).trimStart().startsWith("|"))) {
        return { to: end, next: end };
    }
    let quote = "";
    for (let at = from; at < end; at += 1) {
        const char = text[at] ?? "";
        if (quote !== "") {
            if (char === "\\" && quote === "'") {
                at += 1;
            } else if (char === quote) {
                quote = "";
            }
        } else if (char === "\\") {
            return { to: at, next: text[at + 1] === "\\" ? at + 2 : at };
        } else if (char === "'" || char === '"' || char === "`") {
            quote = char;
        }
    }
    return { to: end, next: end };
}

/** What the arguments of a command ask for. */
export interface ArgumentHost {
    variable(name: string): string | undefined;
    /** `:{?name}` */
    defined(name: string): boolean;
    /** What a shell command in backquotes prints; undefined where that isn't known. */
    shell(command: string): string | undefined;
}

const VARIABLE = /:(?:'([\w\u0080-\uffff]+)'|"([\w\u0080-\uffff]+)"|([\w\u0080-\uffff]+)|\{\?([\w\u0080-\uffff]+)\})/y;

/** Splits the arguments of a command as psql does: quotes, doubled quotes, escapes, variables and backquotes. */
export function metaArguments(rest: string, host: ArgumentHost): string[] {
    const found: string[] = [];
    let current: string | undefined;
    for (let at = 0; at < rest.length; ) {
        const char = rest[at] ?? "";
        if (/\s/.test(char)) {
            if (current !== undefined) {
                found.push(current);
                current = undefined;
            }
            at += 1;
            continue;
        }
        const piece = char === "'" ? literal(rest, at) : argumentPiece(rest, at, host);
        current = (current ?? "") + piece.text;
        at = piece.end;
    }
    return current === undefined ? found : [...found, current];
}

interface Piece {
    readonly text: string;
    readonly end: number;
}

function literal(rest: string, from: number): Piece {
    let text = "";
    let at = from + 1;
    for (; at < rest.length; at += 1) {
        const char = rest[at] ?? "";
        const next = rest[at + 1];
        if (char === "\\" && next !== undefined) {
            text += ESCAPES.get(next) ?? next;
            at += 1;
        } else if (char !== "'") {
            text += char;
        } else if (next === "'") {
            text += "'";
            at += 1;
        } else {
            break;
        }
    }
    return { text, end: at + 1 };
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
    ["n", "\n"],
    ["t", "\t"],
    ["r", "\r"],
    ["b", "\b"],
    ["f", "\f"],
]);

function argumentPiece(rest: string, at: number, host: ArgumentHost): Piece {
    const char = rest[at] ?? "";
    if (char === '"' || char === "`") {
        const close = rest.indexOf(char, at + 1);
        const inside = rest.slice(at + 1, close < 0 ? rest.length : close);
        const end = close < 0 ? rest.length : close + 1;
        return { text: char === '"' ? inside : (host.shell(inside) ?? ""), end };
    }
    VARIABLE.lastIndex = at;
    const hit = VARIABLE.exec(rest);
    if (hit === null) {
        return { text: char, end: at + 1 };
    }
    const [whole, asLiteral, asIdent, plain, defined] = hit;
    const end = at + whole.length;
    if (defined !== undefined) {
        return { text: host.defined(defined) ? "TRUE" : "FALSE", end };
    }
    const value = host.variable(asLiteral ?? asIdent ?? plain ?? "");
    if (value === undefined) {
        return { text: whole, end };
    }
    if (asLiteral !== undefined) {
        return { text: quoteLiteral(value).trimStart(), end };
    }
    return { text: asIdent === undefined ? value : quoteIdentUnchecked(value), end };
}

/** A shell command that only prints a variable of the environment: `echo "$X"`, `printenv X`; else undefined. */
export function printedVariable(command: string): { name: string; fallback?: string } | undefined {
    const hit =
        /^\s*(?:echo|printf)\s+(?:-n\s+)?"?\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-([^}]*))?\})"?\s*$/.exec(
            command,
        ) ?? /^\s*printenv\s+([A-Za-z_]\w*)\s*$/.exec(command);
    const name = hit?.[1] ?? hit?.[2];
    const fallback = hit?.[3];
    return name === undefined ? undefined : fallback === undefined ? { name } : { name, fallback };
}

/** What the arguments of `\c` name; absent is what they keep. */
export interface ConnectTarget {
    readonly database?: string;
    readonly user?: string;
}

export function connectTarget(args: readonly string[]): ConnectTarget {
    const [target, user] = args.filter((arg) => !/^-reuse-previous=/.test(arg));
    const uri = /^postgres(?:ql)?:\/\/(?:([^/@:]*)(?::[^/@]*)?@)?[^/]*(?:\/([^?]*))?/.exec(target ?? "");
    if (uri !== null) {
        return kept(decodeURIComponentSafely(uri[2] ?? ""), decodeURIComponentSafely(uri[1] ?? ""));
    }
    if (target?.includes("=") === true) {
        return kept(keyword(target, "dbname"), keyword(target, "user"));
    }
    return kept(target, user);
}

function kept(database: string | undefined, user: string | undefined): ConnectTarget {
    const named = (text: string | undefined) => text !== undefined && text !== "" && text !== "-";
    return { ...(named(database) ? { database } : {}), ...(named(user) ? { user } : {}) };
}

/** The value of a keyword in a connection string. */
function keyword(text: string, name: string): string | undefined {
    const hit = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:'((?:[^'\\\\]|\\\\.)*)'|(\\S+))`).exec(text);
    return (hit?.[1] ?? hit?.[2])?.replace(/\\(.)/g, "$1");
}

function decodeURIComponentSafely(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
