/** The conditions of `\if` and `\elif`, and which branch counts. */

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

/** The branches of nested `\if`. */
export class Conditions {
    private readonly stack: Array<{ taken: boolean; active: boolean; outer: boolean }> = [];

    active(): boolean {
        return this.stack.at(-1)?.active ?? true;
    }

    /** An `\if` waits for its `\endif`. */
    get unclosed(): boolean {
        return this.stack.length > 0;
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

    close(): void {
        this.stack.pop();
    }
}
