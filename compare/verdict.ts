/** Grades what PostgreSQL did with the values of a pair of types. Pure. */

import type { Grade } from "../schema/report";
import type { MismatchCode } from "../upstreams/mismatches";
import type { TypeInfo } from "./catalog";
import type { Outcome, Taken, Typed } from "./probe";

export interface Verdict {
    readonly code: MismatchCode;
    readonly grade: Grade;
    /** What PostgreSQL does, as the end of a sentence. */
    readonly says: string;
}

/** A type's name without its schema: the two sides have schemas of their own. */
const unqualified = (name: string) => name.replace(/^.*\./, "");

/** Longest value that is shown whole. */
const SHOWN = 40;

function shown(value: string): string {
    return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
}

/** What PostgreSQL said, without a long value that it repeats. */
function said(error: string): string {
    return error.replaceAll(/x{41,}|9{41,}|1{41,}/g, (run) => `${run.slice(0, SHOWN)}…`);
}

/** Classes of errors that come from a constraint of a domain. */
const CONSTRAINT = /^23/;

/**
 * Whether the samples stand for all values: where each was refused, every value is. Any text may be what an input function
 * takes, what money looks like depends on the server, and numbers can be read as moments in ways that no list holds.
 */
function provable(from: TypeInfo, to: TypeInfo, errors: readonly Taken[]): boolean {
    return (
        (from.builtIn || /[cde]/.test(from.kind)) &&
        from.category !== "S" &&
        from.name !== "money" &&
        !(from.category === "N" && /[DT]/.test(to.category)) &&
        !errors.some(({ code }) => CONSTRAINT.test(code ?? ""))
    );
}

function enumVerdict(missing: readonly string[], total: number): Verdict {
    const labels = missing.map((label) => JSON.stringify(label)).join(", ");
    const [what, has] = missing.length === 1 ? ["is no label", "it"] : ["are no labels", "one of them"];
    return {
        code: "enum-label",
        grade: missing.length === total ? "fails" : "may-fail",
        says: `${labels} ${what} of the enum that reads it, and PostgreSQL refuses each row that has ${has} (invalid input value for enum)`,
    };
}

/**
 * What happens to values of \`from\` in a column of the type \`to\`.
 *
 * @param outcome undefined where nothing had to be tried.
 * @returns undefined where there is nothing to say.
 */
export function verdictOf(from: Typed, to: Typed, outcome: Outcome): Verdict | undefined {
    const { samples, taken, kept, moved, conditions } = outcome;
    const refused = taken.flatMap((one, at) =>
        typeof one.error === "string" ? [{ ...one, sample: samples[at] ?? "" }] : [],
    );
    // The special values are the least telling examples.
    const first = refused.find(({ sample }) => !/^-?(?:inf|nan)/i.test(sample)) ?? refused[0];
    if (first !== undefined) {
        if (from.type.kind === "e" && to.type.kind === "e") {
            return enumVerdict(
                refused.map(({ sample }) => sample),
                samples.length,
            );
        }
        const why = `${shown(first.sample)} (${said(first.error ?? "")})`;
        return refused.length === samples.length && provable(from.type, to.type, refused)
            ? { code: "type-fails", grade: "fails", says: `PostgreSQL refuses every value, for example ${why}` }
            : { code: "type-may-fail", grade: "may-fail", says: `PostgreSQL refuses some values, for example ${why}` };
    }
    const lost = kept.indexOf(false);
    if (lost >= 0) {
        return {
            code: "type-loses",
            grade: "may-fail",
            says: `some values lose something: ${shown(samples[lost] ?? "")} is read as ${shown(taken[lost]?.text ?? "")}`,
        };
    }
    const where = moved.indexOf(true);
    if (where >= 0) {
        return {
            code: "time-zone",
            grade: "may-fail",
            says: `a moment depends on the session's TimeZone: where it is not UTC, ${shown(samples[where] ?? "")} is another one`,
        };
    }
    if (conditions.error !== undefined) {
        return {
            code: "condition-fails",
            grade: "may-fail",
            says: `values come through, but conditions and joins that are sent to the upstream can fail there (${conditions.error})`,
        };
    }
    if (!conditions.same) {
        return {
            code: "condition-differs",
            grade: "may-fail",
            says: "values come through, but the two types compare or sort them differently, so that conditions, joins and sorting that are sent to the upstream can give other rows than here",
        };
    }
    if (unqualified(from.name) === unqualified(to.name) || samples.length === 0) {
        return undefined;
    }
    return { code: "type-name", grade: "name-only", says: "the values are the same" };
}

/** Whether both sides mean the same type by it, with the same modifier, so that nothing needs to be tried. */
export function sameType(from: Typed, to: Typed): boolean {
    const ofOne = (a: TypeInfo, b: TypeInfo) =>
        a.builtIn && b.builtIn ? true : a.extension !== null && a.extension === b.extension;
    return (
        from.mod === to.mod && unqualified(from.type.name) === unqualified(to.type.name) && ofOne(from.type, to.type)
    );
}
