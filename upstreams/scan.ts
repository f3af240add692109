/** Where the pieces of SQL text end that may hold anything: comments and quoted texts. What is not closed ends with the text. */

/** Opens a dollar-quoted text; sticky. */
export const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;

/** The hit of a sticky pattern at an offset. */
export function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
    pattern.lastIndex = at;
    return pattern.exec(text);
}

/** After a comment that opens at `from`; comments nest. */
export function endOfComment(text: string, from: number): number {
    let level = 1;
    const edge = /\/\*|\*\//g;
    edge.lastIndex = from + 2;
    for (let hit = edge.exec(text); hit !== null; hit = edge.exec(text)) {
        level += hit[0] === "/*" ? 1 : -1;
        if (level === 0) {
            return hit.index + 2;
        }
    }
    return text.length;
}

/**
 * After a text in quotes that opens at `from`. `escapes`: a backslash takes the next character along, as in `E'…'`.
 * `over` tells where something ends that reaches over a closing quote, if it does.
 */
export function endOfQuoted(
    text: string,
    from: number,
    quote: string,
    escapes: boolean,
    over: (from: number, close: number) => number | undefined = () => undefined,
): number {
    let at = from + 1;
    while (at < text.length) {
        const close = text.indexOf(quote, at);
        if (close < 0) {
            return text.length;
        }
        const beyond = over(at, close);
        if (beyond !== undefined) {
            at = beyond;
            continue;
        }
        const backslash = escapes ? text.slice(at, close).indexOf("\\") : -1;
        if (backslash >= 0) {
            at += backslash + 2;
        } else if (text[close + 1] === quote) {
            at = close + 2;
        } else {
            return close + 1;
        }
    }
    return text.length;
}

/** After a dollar-quoted text that opens at `from` with this tag. */
export function endOfDollarQuoted(text: string, from: number, tag: string): number {
    const close = text.indexOf(tag, from + tag.length);
    return close < 0 ? text.length : close + tag.length;
}
