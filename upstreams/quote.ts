/**
 * The only place where text becomes SQL. Everything that reaches a server from configuration or from a schema
 * passes through here, so that a quote, a backslash or a `$$` in a name can never end the token it stands in.
 */

/** Bytes that PostgreSQL keeps of a name (NAMEDATALEN - 1); the rest is cut off silently, so longer ones are refused. */
export const MAX_IDENTIFIER_BYTES = 63;

function refuseNul(text: string, what: string): void {
    if (text.includes("\0")) {
        throw new Error(`${what} ${JSON.stringify(text)} holds a NUL character; PostgreSQL can store none. Remove it.`);
    }
}

/**
 * Quotes a name, always with double quotes, so that case and reserved words need no thought.
 *
 * @throws when the name is empty, longer than 63 bytes in UTF-8, or holds a NUL.
 */
export function quoteIdent(name: string): string {
    refuseNul(name, "The name");
    const bytes = Buffer.byteLength(name);
    if (bytes === 0) {
        throw new Error("A name is empty; PostgreSQL has no empty names.");
    }
    if (bytes > MAX_IDENTIFIER_BYTES) {
        throw new Error(
            `The name ${JSON.stringify(name)} has ${bytes} bytes; PostgreSQL keeps at most ${MAX_IDENTIFIER_BYTES}. Shorten it.`,
        );
    }
    return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text as a name the way psql's `:"x"` does: whether it can be one, PostgreSQL is to say. */
export function quoteIdentUnchecked(text: string): string {
    return `"${text.replaceAll('"', '""')}"`;
}

/** A name as it is, of one as PostgreSQL prints it: in quotes only where it needs them. */
export function unquoteIdent(printed: string): string {
    return printed.startsWith('"') ? printed.slice(1, -1).replaceAll('""', '"') : printed;
}

/** Quotes a schema-qualified name. */
export function quoteQualified(...names: readonly string[]): string {
    return names.map(quoteIdent).join(".");
}

/**
 * Quotes a text as a literal that means the same with `standard_conforming_strings` on and off: a backslash
 * makes it an escape string, because on servers with the setting off a plain literal would swallow it.
 *
 * @throws when the text holds a NUL.
 */
export function quoteLiteral(text: string): string {
    refuseNul(text, "The text");
    const quoted = `'${text.replaceAll("'", "''")}'`;
    return quoted.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/**
 * Quotes a longer text, such as a statement, between dollar tags that do not occur in it.
 *
 * @throws when the text holds a NUL.
 */
export function dollarQuote(text: string, tag = "q"): string {
    refuseNul(text, "The text");
    let used = tag;
    // `$tag` at the very end would join with the closing tag's `$`, so the opening half alone must be absent too.
    for (let n = 1; text.includes(`$${used}`); n++) {
        used = `${tag}${n}`;
    }
    return `$${used}$${text}$${used}$`;
}
