/** Values to try a type with. Pure. */

import type { TypeInfo } from "./catalog";

/**
 * One list for all types: a type's own input function tells which are values of it. Each is here because some pair of types
 * takes it differently.
 */
const POOL: readonly string[] = [
    // Numbers: signs, fractions, the ends of the integers, what floating point keeps and what it doesn't.
    "0",
    "1",
    "2",
    "10",
    "-1",
    "-0.5",
    "1.0",
    "1.5",
    "2.25",
    "0.1",
    "1.005",
    "99",
    "12345",
    "32767",
    "32768",
    "-32769",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "12345678901234567890.123456789",
    "0.123456789012345678",
    "1e300",
    "NaN",
    "Infinity",
    // Numbers that are dates or times, too.
    "20240101",
    "120000",
    "2024.001",
    // Moments: parts of a day, of a second, zones, the ends.
    "2024-01-01",
    "2024-06-30",
    "2024-01-01 00:00:00",
    "2024-01-01 23:30:00",
    "2024-06-30 12:34:56.789012",
    "2024-01-01 12:00:00+00",
    "2024-06-30 20:15:00.5-04",
    "1900-01-01 00:00:00",
    "infinity",
    "12:34:56.789012",
    "23:30:00",
    "12:00:00+02",
    "1 day",
    "1 mon 2 days 03:04:05.678901",
    "-02:00:00",
    // Truth.
    "t",
    "f",
    "true",
    "yes",
    "on",
    // Text: empty, blanks, case, order, escapes, letters of two bytes.
    "",
    "a",
    "a ",
    "A",
    "b",
    "B",
    "ab",
    "ä",
    "Straße",
    "it's",
    "a b",
    'say "x"',
    "back\\slash",
    "line\nbreak",
    // Things with a form of their own.
    "6f1c3a52-6b1e-4f6e-9a57-0d0f3c1b2a10",
    "6F1C3A52-6B1E-4F6E-9A57-0D0F3C1B2A11",
    "{}",
    "[]",
    "null",
    '"x"',
    "[1, 2]",
    '{"a": 1, "b": [true, null]}',
    '{"b":1,"a":2,"a":3}',
    "\\x",
    "\\xdeadbeef",
    "10.0.0.1",
    "10.0.0.0/8",
    "10.0.0.1/8",
    "::1",
    "08:00:2b:01:02:03",
    "08:00:2b:01:02:03:04:05",
    "101",
    "(1,2)",
    "(1,2),(3,4)",
    "((0,0),(1,1),(1,0))",
    "<(1,2),3>",
    "{1,-1,0}",
    "empty",
    "[1,5)",
    "[2024-01-01,2024-02-01)",
    "<a>1</a>",
    "fat:1A cat:2",
    "a & b",
    "a=>1",
    "Top.Science",
    "$1.50",
    "0/16B3748",
];

/** Longest text that is made to try a length. */
const MAX_LENGTH = 20_000;

/** Values at the end of what a modifier allows, and one beyond. @param name as `format_type()` prints it. */
function atTheEnd(name: string): string[] {
    const [, first, second = "0"] = /\((\d+)(?:,(-?\d+))?\)/.exec(name) ?? [];
    const length = Number(first);
    if (first === undefined) {
        return [];
    }
    if (name.startsWith("numeric")) {
        const scale = Number(second);
        const whole = "9".repeat(Math.max(0, length - Math.max(0, scale))) || "0";
        return [scale > 0 ? `${whole}.${"9".repeat(scale)}` : `${whole}${"0".repeat(-scale)}`];
    }
    const letter = name.startsWith("bit") ? "1" : "x";
    return length > MAX_LENGTH ? [] : [letter.repeat(length), letter.repeat(length + 1)];
}

const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

/**
 * Texts that may be values of a type.
 *
 * @param typeName with its modifier, for people.
 * @param find a type of the same side by its OID.
 */
export function literalsFor(
    type: TypeInfo,
    typeName: string,
    find: (oid: number) => TypeInfo | undefined,
    depth = 0,
): string[] {
    const base = type.base === null ? undefined : find(type.base);
    const element = type.element === null ? undefined : find(type.element);
    if (depth > 3) {
        return [];
    }
    if (base !== undefined) {
        // The modifier of a domain's base is not printed with the column; a domain refuses what is too long by itself.
        return literalsFor(base, typeName, find, depth + 1);
    }
    if (type.kind === "e") {
        return [...type.labels];
    }
    if (type.kind === "c") {
        const nothing = `(${",".repeat(Math.max(0, type.attributes.length - 1))})`;
        const values = type.attributes.flatMap((attribute, at) => {
            const part = find(attribute.type);
            const before = ",".repeat(at);
            const after = ",".repeat(type.attributes.length - at - 1);
            return (part === undefined ? [] : literalsFor(part, "", find, depth + 1)).map(
                (text) => `(${before}${quoted(text)}${after})`,
            );
        });
        return [nothing, ...values];
    }
    if (element !== undefined && type.kind === "r") {
        const values = literalsFor(element, "", find, depth + 1);
        return ["empty", "(,)", ...values.map((text) => `[${quoted(text)},${quoted(text)}]`)];
    }
    if (element !== undefined) {
        const values = literalsFor(element, typeName, find, depth + 1);
        return ["{}", "{NULL}", ...values.map((text) => `{${quoted(text)}}`)];
    }
    return [...POOL, ...atTheEnd(typeName)];
}
