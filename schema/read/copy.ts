/** `\copy` as the COPY statement that psql makes of it. */

export interface CopyCommand {
    readonly sql: string;
    /** `inline`: the rows follow in the script. `output`: rows go out, nothing comes in. */
    readonly source: "inline" | "file" | "program" | "output";
    /** Of a file. */
    readonly path?: string;
    /** Rows in PostgreSQL's own binary form. */
    readonly binary: boolean;
}

const SOURCE = /^\s*(?:(program)\s+)?(?:'((?:[^']|'')*)'|([^\s;]+))/i;

/** Undefined where it is not written as psql reads it. */
export function copyCommand(rest: string): CopyCommand | undefined {
    const direction = directionIn(rest);
    const source = direction === undefined ? null : SOURCE.exec(rest.slice(direction.end));
    if (direction === undefined || source === null) {
        return undefined;
    }
    const what = rest.slice(0, direction.start).trim();
    const options = rest
        .slice(direction.end + source[0].length)
        .replace(/;\s*$/, "")
        .trimEnd();
    const [, program, quoted, plain] = source;
    const binary = /^binary\b/i.test(what) || /\bbinary\b/i.test(options);
    if (direction.to) {
        return { sql: `COPY ${what} TO STDOUT${options}`, source: "output", binary };
    }
    const sql = `COPY ${what} FROM STDIN${options}`;
    if (program !== undefined) {
        return { sql, source: "program", binary };
    }
    if (plain !== undefined && /^p?stdin$/i.test(plain)) {
        return { sql, source: "inline", binary };
    }
    return { sql, source: "file", path: quoted?.replaceAll("''", "'") ?? plain ?? "", binary };
}

/** The FROM or TO outside quotes and parentheses. */
function directionIn(rest: string): { start: number; end: number; to: boolean } | undefined {
    const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|\w+|[^\w\s]/g;
    let parens = 0;
    for (const hit of rest.matchAll(token)) {
        const word = hit[0].toLowerCase();
        parens += word === "(" ? 1 : word === ")" ? -1 : 0;
        if (parens === 0 && (word === "from" || word === "to")) {
            return { start: hit.index, end: hit.index + word.length, to: word === "to" };
        }
    }
    return undefined;
}
