/** Arguments and conditions of psql's meta-commands. */

/**
 * Splits a meta-command's line into arguments: quotes, doubled quotes and backslash escapes, variables and
 * backquotes as psql reads them. A backquoted command is not run; it yields an empty text.
 */
export function metaArguments(rest: string, lookup: (name: string) => string | undefined): string[] {
    const found: string[] = [];
    let current: string | undefined;
    const add = (text: string) => {
        current = (current ?? "") + text;
    };
    let at = 0;
    while (at < rest.length) {
        const char = rest[at] ?? "";
        if (/\s/.test(char)) {
            if (current !== undefined) {
                found.push(current);
                current = undefined;
            }
            at += 1;
        } else if (char === "\\" && rest[at + 1] === "\\") {
            break;
        } else if (char === "'") {
            let text = "";
            at += 1;
            while (at < rest.length) {
                if (rest[at] === "\\" && at + 1 < rest.length) {
                    text += escaped(rest[at + 1] ?? "");
                    at += 2;
                } else if (rest[at] === "'") {
                    if (rest[at + 1] !== "'") {
                        break;
                    }
                    text += "'";
                    at += 2;
                } else {
                    text += rest[at];
                    at += 1;
                }
            }
            at += 1;
            add(text);
        } else if (char === '"') {
            const close = rest.indexOf('"', at + 1);
            const to = close < 0 ? rest.length : close;
            add(rest.slice(at + 1, to));
            at = to + 1;
        } else if (char === "`") {
            const close = rest.indexOf("`", at + 1);
            add("");
            at = close < 0 ? rest.length : close + 1;
        } else {
            const variable = /^:(?:'(\w+)'|"(\w+)"|(\w+)|\{\?(\w+)\})/.exec(rest.slice(at));
            if (variable !== null) {
                const [whole, literal, ident, plain, defined] = variable;
                if (defined !== undefined) {
                    add(lookup(defined) === undefined ? "FALSE" : "TRUE");
                } else {
                    const name = literal ?? ident ?? plain ?? "";
                    const value = lookup(name);
                    if (value === undefined) {
                        add(whole);
                    } else if (literal !== undefined) {
                        add(`'${value.replaceAll("'", "''")}'`);
                    } else if (ident !== undefined) {
                        add(`"${value.replaceAll('"', '""')}"`);
                    } else {
                        add(value);
                    }
                }
                at += whole.length;
            } else {
                add(char);
                at += 1;
            }
        }
    }
    if (current !== undefined) {
        found.push(current);
    }
    return found;
}

function escaped(char: string): string {
    return char === "n" ? "\n" : char === "t" ? "\t" : char === "r" ? "\r" : char;
}

/** psql's reading of a Boolean: prefixes of true, false, yes, no; on, off; 1, 0. */
export function psqlBoolean(text: string): boolean | undefined {
    const word = text.trim().toLowerCase();
    if (word === "") {
        return undefined;
    }
    if ("true".startsWith(word) || "yes".startsWith(word) || word === "on" || word === "1") {
        return true;
    }
    if (
        "false".startsWith(word) ||
        "no".startsWith(word) ||
        (word.length > 1 && "off".startsWith(word)) ||
        word === "0"
    ) {
        return false;
    }
    return undefined;
}

/** The database that the arguments of `\c` name; undefined when they keep the present one. */
export function connectTarget(args: readonly string[]): string | undefined {
    const rest = args.filter((arg) => !/^-reuse-previous=/.test(arg));
    const target = rest[0];
    if (target === undefined || target === "-" || target === "") {
        return undefined;
    }
    const uri = /^postgres(?:ql)?:\/\/[^/]*\/([^?]+)/.exec(target);
    if (uri !== null) {
        return decodeURIComponentSafely(uri[1] ?? "");
    }
    const keyword = /(?:^|\s)dbname\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))/.exec(target);
    if (keyword !== null) {
        return (keyword[1] ?? keyword[2] ?? "").replace(/\\(.)/g, "$1");
    }
    return target.includes("=") ? undefined : target;
}

export function decodeURIComponentSafely(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

/** The branches of nested `\if`. */
export class Conditions {
    private readonly stack: Array<{ taken: boolean; active: boolean; outer: boolean }> = [];

    active(): boolean {
        return this.stack.at(-1)?.active ?? true;
    }

    /** True when an `\elif` or `\if` has to be evaluated here. */
    wants(command: "if" | "elif"): boolean {
        if (command === "if") {
            return this.active();
        }
        const top = this.stack.at(-1);
        return top?.outer === true && !top.taken;
    }

    open(value: boolean): void {
        const outer = this.active();
        this.stack.push({ taken: value && outer, active: value && outer, outer });
    }

    elif(value: boolean): void {
        const top = this.stack.at(-1);
        if (top !== undefined) {
            top.active = top.outer && !top.taken && value;
            top.taken ||= top.active;
        }
    }

    otherwise(): void {
        this.elif(true);
    }

    close(): void {
        this.stack.pop();
    }
}
