/** Findings of any command, in the one form that the formats for tools are made of. Pure. */

import { MISMATCHES } from "../../upstreams/mismatches";
import type { ContractFinding, Finding, Grade, Place, Severity } from "../report";

/** One finding. */
export interface Reported {
    readonly level: Severity;
    /** Stable short name of the rule. */
    readonly code: string;
    readonly message: string;
    /** Where the user mends it. */
    readonly place?: { readonly file: string; readonly line?: number };
    /** What it is about, where that is known: `public.orders.amount`. */
    readonly object?: string;
    /** Where the other side has it, with what stands there. */
    readonly related?: Place & { readonly message: string };
    /** It fails the command. */
    readonly fails?: boolean;
    /** Why it is accepted: then it is told, and fails nothing. */
    readonly accepted?: string;
}

/** What a command found. */
export interface Report {
    /** `check` or `infer`. */
    readonly command: string;
    readonly version: string;
    readonly findings: readonly Reported[];
    /** What was looked at, by the names that findings are about: what passes is told where a format has a place for it. */
    readonly subjects: readonly string[];
}

const LEVELS: Readonly<Record<Grade, Severity>> = { fails: "error", "may-fail": "warning", "name-only": "note" };

/** What a rule is about, for formats that describe rules. */
export function describeRule(code: string): string | undefined {
    return Object.entries(MISMATCHES).find(([known]) => known === code)?.[1];
}

/** An error fails the command. */
export function reportedFinding({ severity, code, message, file, line, config }: Finding): Reported {
    return {
        level: severity,
        code,
        ...(severity === "error" ? { fails: true } : {}),
        message: config === undefined ? message : `${message} In the configuration: ${config}`,
        ...(file === undefined || file === "" ? {} : { place: { file, ...(line === undefined ? {} : { line }) } }),
    };
}

export function reportedMismatch(
    { grade, code, object, message, place, contractPlace }: ContractFinding,
    { accepted, fails = false }: { readonly accepted?: string; readonly fails?: boolean },
): Reported {
    return {
        level: LEVELS[grade],
        code,
        object,
        message,
        ...(place === undefined ? {} : { place }),
        ...(contractPlace === undefined ? {} : { related: { ...contractPlace, message: "the contract" } }),
        ...(accepted === undefined ? {} : { accepted }),
        ...(fails ? { fails } : {}),
    };
}
