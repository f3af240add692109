/** Variables of a routine that keep one value. */

import type { PlRoutine, PlStatement } from "../parse/plpgsql";
import { type Constants, constantText, type Value } from "./constants";

/**
 * Values of a routine's variables that are given one exactly once: by their declaration, or by one assignment. A
 * variable that is assigned more often, or by a query or a loop, has no value that is certain.
 */
export class OnceAssigned {
    private readonly known = new Map<string, Value>();
    private readonly assigned = new Map<string, number>();

    constructor(
        parsed: PlRoutine,
        private readonly evaluate: Constants["evaluate"],
    ) {
        this.count(parsed.body);
        for (const { name, fallback } of parsed.variables) {
            if (fallback !== undefined && this.assigned.get(name) === undefined) {
                this.keep(name, fallback);
            } else if (fallback !== undefined) {
                this.assigned.set(name, Number.POSITIVE_INFINITY);
            }
        }
    }

    get values(): ReadonlyMap<string, Value> {
        return new Map(this.known);
    }

    /** An assignment, in the order of the body. */
    assign(name: string, expression: string): void {
        if (this.assigned.get(name) === 1) {
            this.keep(name, expression);
        }
    }

    private keep(name: string, expression: string): void {
        const value = constantText(expression, { values: this.known, evaluate: this.evaluate });
        if (value !== undefined) {
            this.known.set(name, value);
        }
    }

    private count(statements: readonly PlStatement[]): void {
        for (const { queries, targets, body } of statements) {
            const assigned = queries.flatMap(({ kind, text }) => (kind === "assignment" ? [targetOf(text)] : []));
            // A second count: what a query or a loop gives is never certain.
            for (const name of [...assigned, ...targets, ...targets]) {
                this.assigned.set(name, (this.assigned.get(name) ?? 0) + 1);
            }
            this.count(body);
        }
    }
}

/** Name and expression of an assignment. */
export function assignment(text: string): { target: string; value: string } | undefined {
    const split = /^([\w.]+)\s*(?::=|=)\s*([\s\S]*)$/.exec(text);
    return split === null ? undefined : { target: split[1] ?? "", value: split[2] ?? "" };
}

function targetOf(text: string): string {
    return assignment(text)?.target ?? /^\w+/.exec(text)?.[0] ?? "";
}
