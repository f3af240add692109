/** Placeholders of templates and psql: how they are written, their names, and defaults written in them. */

/** How a placeholder is written. `block` is a tag that prints nothing, such as `{% if … %}`. */
export type PlaceholderKind =
    /** `${X}` */
    | "shell"
    /** `$X` */
    | "shell-bare"
    /** `@X@`, `@@X@@` */
    | "at"
    /** `{{ x }}` */
    | "jinja"
    /** `%(x)s` */
    | "python"
    /** `<%= x %>` */
    | "erb"
    | "block"
    /** `:x` */
    | "psql"
    /** `:'x'` */
    | "psql-literal"
    /** `:"x"` */
    | "psql-ident"
    /** `:{?x}` */
    | "psql-defined";

/** What surrounds a placeholder. */
export interface PlaceholderContext {
    /**
     * The token that it stands in. `body`: a dollar-quoted text, outside of its literals; `body-literal`: inside of
     * one; `meta`: arguments of a psql command.
     */
    readonly quote: "none" | "literal" | "ident" | "body" | "body-literal" | "meta";
    /** Text before the token (in a body: before the place, or before its literal), the last few thousand characters. */
    readonly before: () => string;
    /** Text inside the literal before the placeholder. */
    readonly inside: () => string;
    /** Text inside the literal after the placeholder. */
    readonly after: () => string;
    /** In square brackets or JSON_OBJECT: `a[1:n]` and `JSON_OBJECT(k:v)` hold no psql variable. */
    readonly colons: boolean;
    /** A body in a language that is not SQL may use the same signs for its own ends. */
    readonly foreignLanguage: boolean;
    readonly line: () => number;
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

/** psql's own kinds, whose variables `\set` and `\gset` change. */
export function isPsql(kind: PlaceholderKind): boolean {
    return kind.startsWith("psql");
}
