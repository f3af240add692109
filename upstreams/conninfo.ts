/** Connection strings of libpq, in both of their forms, as `dblink` and `CREATE SUBSCRIPTION` take them. */

/** Options by name; of one that is given twice the last counts. */
export type ConninfoOptions = Readonly<Record<string, string>>;

/** A percent-encoded part; undefined where libpq refuses the encoding. */
function decoded(part: string): string | undefined {
    if (/%(?![0-9A-Fa-f]{2})|%00/.test(part)) {
        return undefined;
    }
    const bytes = Buffer.from(
        part.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        /[^\0-\xff]/.test(part) ? "utf8" : "latin1",
    );
    return bytes.toString("utf8");
}

/** One `host:port` of a URI; the host may be an IPv6 address in brackets. */
const PLACE = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;

function parseUri(text: string): ConninfoOptions | undefined {
    const uri = /^postgres(?:ql)?:\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text);
    if (uri === null) {
        return undefined;
    }
    const [, user = "", password = "", authority = "", database = "", query = ""] = uri;
    const places = authority.split(",").map((place) => PLACE.exec(place));
    if (places.some((place) => place === null)) {
        return undefined;
    }
    const hosts = places.map((place) => (place?.[1] ?? "").replace(/^\[|\]$/g, "")).join(",");
    const ports = places.map((place) => place?.[2] ?? "");
    const pairs: Array<readonly [string, string]> = [
        ["user", user],
        ["password", password],
        ["host", hosts],
        ["port", ports.some((port) => port !== "") ? ports.join(",") : ""],
        ["dbname", database],
    ];
    const found: Record<string, string> = {};
    for (const [name, written] of pairs) {
        const value = decoded(written);
        if (value === undefined) {
            return undefined;
        }
        if (value !== "") {
            found[name] = value;
        }
    }
    for (const pair of query === "" ? [] : query.split("&")) {
        const [name, value, ...more] = pair.split("=").map(decoded);
        if (name === undefined || name === "" || value === undefined || more.length > 0) {
            return undefined;
        }
        // The one keyword that JDBC's URIs have and libpq takes.
        if (name === "ssl") {
            found.sslmode = value === "true" ? "require" : value;
        } else {
            found[name] = value;
        }
    }
    return found;
}

/**
 * Reads a connection string, `host=a dbname='b c'` or `postgresql://user@host/db?sslmode=require`.
 *
 * @returns undefined where libpq would refuse it, and for a text that is none, such as a server's name.
 */
export function parseConninfo(text: string): ConninfoOptions | undefined {
    if (/^postgres(?:ql)?:\/\//.test(text)) {
        return parseUri(text);
    }
    const found: Record<string, string> = {};
    const pair = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)\s*/sy;
    let at = 0;
    while (at < text.length) {
        pair.lastIndex = at;
        const hit = pair.exec(text);
        if (hit === null) {
            return undefined;
        }
        const [whole, name = "", quoted, bare] = hit;
        found[name] = (quoted ?? bare ?? "").replaceAll(/\\(.)/gs, "$1");
        at += whole.length;
    }
    return Object.keys(found).length === 0 ? undefined : found;
}
