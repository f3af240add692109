/** Placeholders of templates: their names, defaults written beside them, and what stands in when nothing tells. */

/** How a placeholder is written. `block` is a tag that prints nothing, such as `{% if … %}`. */
export type PlaceholderKind =
    | "shell"
    | "jinja"
    | "python"
    | "erb"
    | "block"
    | "psql"
    | "psql-literal"
    | "psql-ident"
    | "psql-defined";

export interface PlaceholderContext {
    /** The token that it stands in. */
    readonly quote: "none" | "literal" | "ident" | "dollar";
    /** The statement's text before it, the last few hundred characters. */
    readonly before: () => string;
    /** Inside a quoted token: the text before that token. */
    readonly opening?: () => string;
    /** Open square brackets: `a[1:n]` is a slice, not a psql variable. */
    readonly brackets: number;
}

export interface PlaceholderName {
    readonly name: string;
    /** A default written in the placeholder itself. */
    readonly fallback?: string;
}

const STRING = /^\s*(?:'([^']*)'|"([^"]*)")\s*$/;

function unquote(text: string): string | undefined {
    const hit = STRING.exec(text);
    return hit === null ? undefined : (hit[1] ?? hit[2]);
}

function named(name: string, fallback?: string): PlaceholderName {
    return fallback === undefined ? { name } : { name, fallback };
}

/** Functions of template languages that look up a variable: `env("X", "default")`. */
const LOOKUPS = new Set(["env", "env_var", "var", "getenv", "get_env", "secret", "ENV.fetch", "Sys.getenv"]);

/** `X`, `.Env.X`, `env("X")`, `env_var('X', 'd')`, `X | default('d')`, `X || 'd'`, `ENV['X']`. */
function expressionName(text: string): PlaceholderName | undefined {
    const inside = text.replace(/^-/, "").replace(/-$/, "").trim();
    const either = /^(.*?)\s*\|\|\s*(.*)$/s.exec(inside);
    if (either !== null) {
        const left = expressionName(either[1] ?? "");
        return left === undefined ? undefined : named(left.name, unquote(either[2] ?? "") ?? left.fallback);
    }
    const filtered = /^(.*?)\s*\|\s*(.*)$/s.exec(inside);
    if (filtered !== null) {
        const left = expressionName(filtered[1] ?? "");
        const fallback = /default\s*\(?\s*('[^']*'|"[^"]*")/.exec(filtered[2] ?? "");
        return left === undefined ? undefined : named(left.name, unquote(fallback?.[1] ?? "") ?? left.fallback);
    }
    const index = /^([A-Za-z_][\w.]*)\s*\[\s*:?['"]?(\w+)['"]?\s*\]$/.exec(inside);
    if (index !== null) {
        return named(index[2] ?? "");
    }
    const call = /^([A-Za-z_][\w.]*)\s*\(?\s*('[^']*'|"[^"]*")\s*(?:,?\s*('[^']*'|"[^"]*"))?\s*\)?$/.exec(inside);
    if (call !== null && LOOKUPS.has(call[1] ?? "")) {
        return named(unquote(call[2] ?? "") ?? "", unquote(call[3] ?? ""));
    }
    const path = /^[.@]?([A-Za-z_][\w.:-]*)$/.exec(inside);
    if (path !== null) {
        return named((path[1] ?? "").replace(/^(?:Env|env|vars|var|Values|ENV)\./, ""));
    }
    return undefined;
}

/** The name in a placeholder, or undefined when this is no placeholder (`{{1,2}}` is an array). */
export function placeholderName(kind: PlaceholderKind, inside: string): PlaceholderName | undefined {
    switch (kind) {
        case "shell": {
            const hit = /^([A-Za-z_][\w.:-]*?)(?::?[-=](.*))?$/s.exec(inside.trim());
            if (hit === null) {
                return undefined;
            }
            // Flyway writes `${flyway:database}`; the colon belongs to the name there.
            return named(hit[1] ?? "", hit[2]);
        }
        case "jinja":
        case "erb":
            return expressionName(inside);
        default:
            return /^[^\s]+$/.test(inside) ? { name: inside } : undefined;
    }
}

/** Options whose value is a quoted literal, so a bare placeholder after them becomes one. */
const LITERAL_AFTER = new Set([
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "sslmode",
    "schema_name",
    "table_name",
    "column_name",
    "fetch_size",
    "use_remote_estimate",
    "=",
]);

/** The prefix of every stand-in. */
export const STAND_IN = "fdw_stub_";

/** The text that stands in for a placeholder without a value: a name that is also fine as a password. */
export function standInText(name: string): string {
    const safe = name.toLowerCase().replace(/[^a-z0-9_]+/g, "_");
    return `${STAND_IN}${safe}`.slice(0, 60);
}

/** The last word before a placeholder, in lower case; `=` where the text ends with one. */
function wordBefore(text: string): string {
    const hit = /([A-Za-z_]+|=)"?\s*$/.exec(text);
    return (hit?.[1] ?? "").toLowerCase();
}

/** The stand-in as it must be written at this place. A port stands in as 5432, because only a number parses there. */
export function standInSql(kind: PlaceholderKind, name: string, context: PlaceholderContext): string {
    let before = context.before();
    let inLiteral = context.quote === "literal";
    if (context.quote === "literal" && context.opening !== undefined) {
        before = context.opening();
    } else if (context.quote === "dollar") {
        // In a body only the same line tells whether a literal is open.
        const line = before.slice(before.lastIndexOf("\n") + 1);
        const open = /^(.*)'[^']*$/s.exec(line);
        if (open !== null && (line.split("'").length - 1) % 2 === 1) {
            inLiteral = true;
            before = open[1] ?? "";
        }
    }
    const word = wordBefore(before.replace(/\bE$/i, ""));
    const value = word === "port" ? "5432" : standInText(name);
    if (kind === "psql-literal") {
        return `'${value}'`;
    }
    if (kind === "psql-ident") {
        return `"${value}"`;
    }
    if (inLiteral || context.quote === "ident") {
        return value;
    }
    return LITERAL_AFTER.has(word) ? `'${value}'` : value;
}
