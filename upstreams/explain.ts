import type { z } from "zod";

/** The keys that are known at a place, where the place is an object with fixed keys. */
export type KnownKeys = (path: readonly PropertyKey[]) => readonly string[];

const EXPECTED: Readonly<Record<string, string>> = {
    array: "a list",
    object: "a mapping of keys to values",
    record: "a mapping of keys to values",
    string: "text",
    number: "a number",
};

function place(path: readonly PropertyKey[]): string {
    return path.reduce<string>(
        (text, key) =>
            typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
        "",
    );
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
    return path.reduce<unknown>(
        (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
        input,
    );
}

/** What a value is, without showing it. */
export function kindOf(value: unknown): string {
    if (value === null) {
        return "empty (null)";
    }
    if (Array.isArray(value)) {
        return "a list";
    }
    if (typeof value === "number" && !Number.isFinite(value)) {
        return `${value}`;
    }
    return { string: "text", number: "a number", boolean: "true or false" }[String(typeof value)] ?? "a mapping";
}

/**
 * A value as it may be shown. Lists and mappings may hold passwords, and so may text that stands where one of them
 * was expected: of these only the kind is told.
 */
function shown(value: unknown, path: readonly PropertyKey[], expected: string): string {
    const scalar = typeof value === "string" || Number.isFinite(value) || typeof value === "boolean";
    const isWhole = expected === "string" || expected === "number";
    return scalar && isWhole && !path.includes("password")
        ? `${kindOf(value)}: ${(JSON.stringify(value) ?? "").slice(0, 200)}`
        : kindOf(value);
}

function wrongType(expected: string, value: unknown, path: readonly PropertyKey[]): string {
    const wanted = EXPECTED[expected] ?? expected;
    if (value === undefined) {
        return `is missing; give ${wanted}.`;
    }
    const mend =
        expected === "string" && (typeof value === "number" || typeof value === "boolean")
            ? " Put it in quotes."
            : expected === "number" && typeof value === "string" && /^\d+$/.test(value)
              ? " Write it without quotes."
              : "";
    return `must be ${wanted}, but is ${shown(value, path, expected)}.${mend}`;
}

function unknownKeys(keys: readonly string[], known: readonly string[]): string {
    const list = keys.map((key) => JSON.stringify(key)).join(", ");
    return `unknown ${keys.length === 1 ? "key" : "keys"} ${list}. Known keys: ${known.join(", ")}. Check the spelling, or remove it.`;
}

function message(issue: z.core.$ZodIssue, input: unknown, known: KnownKeys): string {
    switch (issue.code) {
        case "unrecognized_keys":
            return unknownKeys(issue.keys, known(issue.path));
        case "invalid_type":
            return wrongType(issue.expected, valueAt(input, issue.path), issue.path);
        case "invalid_key":
            // The reason why a key is no good stands one level deeper.
            return issue.issues.map((inner) => inner.message).join(" ");
        default:
            return issue.message;
    }
}

/** Says what is wrong at one place of the configuration, naming the place and the value, but never a password. */
export function explainIssue(issue: z.core.$ZodIssue, input: unknown, known: KnownKeys): string {
    const at = place(issue.path);
    const text = message(issue, input, known);
    return at === "" ? text : `${at}: ${text}`;
}
