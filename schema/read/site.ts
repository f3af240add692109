/** What the place of a placeholder asks for: the value of an option of a server or mapping, a literal, or anything. */

import type { PlaceholderContext } from "./placeholder";

export interface Site {
    /** Name of the option whose value, or part of it, stands here, in lower case. */
    readonly option?: string;
    /** Only a quoted literal parses here, and no quote is open. */
    readonly wantsLiteral: boolean;
    /** A value is likelier here than a name, and no quote is open. */
    readonly likesLiteral: boolean;
}

const OPTIONS = /\boptions\s*\(/gi;
const ACTIONS = new Set(["add", "set", "drop"]);
const CONNECTION_KEYS = "host|hostaddr|port|dbname|user|password|service";
const KEYWORD = new RegExp(`(?:^|[\\s'"])(${CONNECTION_KEYS})\\s*=\\s*\\S*$`, "i");
const URI = /\bpostgres(?:ql)?:\/\/(\S*)$/i;

/** The option at the end of a text that ends in an `OPTIONS (` list. */
function optionAtEnd(text: string): { option: string; open: boolean } | undefined {
    const last = [...text.matchAll(OPTIONS)].at(-1);
    if (last === undefined) {
        return undefined;
    }
    let open = false;
    let entry = "";
    for (const char of text.slice(last.index + last[0].length)) {
        if (open) {
            open = char !== "'";
            entry += open ? "" : char;
        } else if (char === "'") {
            open = true;
        } else if (char === ")") {
            return undefined;
        } else {
            entry = char === "," ? "" : entry + char;
        }
    }
    const hit = /^\s*(?:(?:add|set|drop)\s+)?"?(\w+)"?(\s*)(?:E(?=$))?$/i.exec(entry);
    const option = hit?.[1]?.toLowerCase();
    if (option === undefined || (!open && (hit?.[2] === "" || ACTIONS.has(option)))) {
        return undefined;
    }
    return { option, open };
}

/** The part of a connection string between two texts: `host=…`, or a place in a URI. */
function connectionPart(text: string, after: string): string | undefined {
    const uri = URI.exec(text)?.[1];
    if (uri !== undefined) {
        const query = /[?&](\w+)=[^&]*$/.exec(uri)?.[1];
        if (query !== undefined) {
            return query.toLowerCase();
        }
        const at = uri.lastIndexOf("@");
        const rest = uri.slice(at + 1);
        if (rest.includes("/")) {
            return "dbname";
        }
        if (at >= 0) {
            return rest.includes(":") ? "port" : "host";
        }
        // Without an `@` after it, the first part is the host.
        const login = (/^[^'"\n/]*/.exec(after)?.[0] ?? "").includes("@");
        return rest.includes(":") ? (login ? "password" : "port") : login ? "user" : "host";
    }
    return KEYWORD.exec(text)?.[1]?.toLowerCase();
}

function inLiteral({ before: textBefore, inside: textInside, after }: PlaceholderContext): string | undefined {
    const before = textBefore();
    const inside = textInside();
    // Inside a literal that holds a statement, its own literals have doubled quotes.
    const nested = optionAtEnd(inside.replaceAll("''", "'"));
    if (nested !== undefined) {
        return nested.option;
    }
    const outer = optionAtEnd(`${before}'`);
    if (outer?.open === true) {
        return outer.option;
    }
    return /\bpassword\s+E?$/i.test(before) || /\bpassword\s+''$/i.test(inside)
        ? "password"
        : connectionPart(inside, after());
}

export function siteOf(context: PlaceholderContext): Site {
    switch (context.quote) {
        case "literal":
        case "body-literal": {
            const option = inLiteral(context);
            return { ...(option === undefined ? {} : { option }), wantsLiteral: false, likesLiteral: false };
        }
        case "ident":
        case "meta":
            return { wantsLiteral: false, likesLiteral: false };
        default:
            return unquoted(context.before());
    }
}

function unquoted(before: string): Site {
    const option = optionAtEnd(before)?.option ?? (/\bpassword\s+$/i.test(before) ? "password" : undefined);
    if (option !== undefined) {
        return { option, wantsLiteral: true, likesLiteral: true };
    }
    const until = /\bvalid\s+until\s+$/i.test(before);
    return { wantsLiteral: until, likesLiteral: until || /[=<>~|]\s*$|\bvalues\s*\([^()]*$/i.test(before) };
}
