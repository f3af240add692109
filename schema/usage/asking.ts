/** What PostgreSQL makes of a question, and what that tells of the columns in it. */

import type { Node } from "libpg-query";
import { builtIn, type ColumnType } from "../types";
import type { Analysis } from "./analysis";
import type { Reply } from "./probes";
import { partsOf } from "./questions";
import type { Scope } from "./scope";
import { NONE, type Question, type Term, typed } from "./terms";
import { STRENGTH } from "./unknowns";

type Types = ReadonlyArray<string | undefined>;

interface Answer {
    /** What was given and what was decided here; undefined where PostgreSQL finds the type. */
    readonly given: Types;
    readonly found: readonly ColumnType[];
    readonly result?: ColumnType;
    /** Parameters that can be of any type. */
    readonly anything: ReadonlySet<number>;
    /** Parameters that are numbers, of whatever kind. */
    readonly numbers: ReadonlySet<number>;
}

/** SQLSTATE indeterminate_datatype: a parameter where anything goes. */
const ANYTHING = "42P18";

/** PostgreSQL takes an unknown operand for what stands beside it; of these the other is likelier. */
const LIKELIER: ReadonlyMap<string, string> = new Map([
    // A column to which an interval is added.
    ["interval", "timestamptz"],
    // The preferred type of numbers.
    ["double precision", "numeric"],
]);

/** A type that a parameter is given to see whether it has to be what was found. */
function another(type: string): string {
    return type === "text" ? "date" : type === "numeric" ? "bigint" : type === "date" ? "text" : "numeric";
}

/** Tells the columns of an expression what PostgreSQL finds; where it takes none of it, the parts are asked. */
export function tell(analysis: Analysis, question: Question, node: Node, scope: Scope): void {
    const answer = answerTo(analysis, question);
    if (answer === "refused") {
        for (const part of partsOf(node)) {
            analysis.expression(part, scope);
        }
    } else if (answer !== "pending") {
        question.parameters.forEach(({ term }, at) => {
            const column = analysis.resolve(term);
            if (column.kind === "var" && answer.given[at] === undefined) {
                tellColumn(analysis, question, answer, at, column);
            } else if (column.kind === "var" && !answer.anything.has(at)) {
                tellDecided(analysis, question, answer, at, column);
            }
        });
    }
}

function tellDecided(analysis: Analysis, { parameters }: Question, answer: Answer, at: number, column: Term): void {
    const type = builtIn(answer.given[at] ?? "text");
    const number = answer.numbers.has(at) || type.sql === "numeric" || type.sql === "integer";
    const strength = number
        ? STRENGTH.family
        : type.array
          ? STRENGTH.literal
          : // Only a range contains a value, whatever lower() and upper() of it seem to say.
            type.sql.endsWith("range")
            ? STRENGTH.assignment
            : STRENGTH.use;
    if (type.sql !== "text") {
        analysis.unknowns.hint(column, type, strength, parameters[at]?.use.reason ?? "");
    }
}

function tellColumn(analysis: Analysis, question: Question, answer: Answer, at: number, column: Term): void {
    const type = answer.found[at];
    const use = question.parameters[at]?.use;
    if (type === undefined || use === undefined) {
        return;
    }
    if (type.sql === "text") {
        // What nothing tells is text to PostgreSQL: only what can be nothing else is evidence.
        const other = another(type.sql);
        const reply = probe(analysis, question, replaced(answer.given, at, other));
        if (reply === undefined) {
            return;
        }
        if ("types" in reply) {
            question.parameters.forEach(({ term }, beside) => {
                if (beside !== at && reply.types[beside]?.sql === other && answer.found[beside]?.sql === "text") {
                    analysis.meet(column, term, use.strength, use.reason);
                }
            });
            return;
        }
    }
    analysis.unknowns.hint(column, type, use.strength, use.reason);
}

/** The type of an expression: that of a column whose type it has, whatever that is. */
export function resolve(analysis: Analysis, term: Term): Term {
    if (term.kind !== "asked") {
        return term;
    }
    // Queries over queries, and views over views, would be asked twice at each step.
    const { resolved } = analysis.host;
    const known = resolved.get(term.question) ?? resultTerm(analysis, term.question);
    resolved.set(term.question, known);
    return known;
}

function resultTerm(analysis: Analysis, question: Question): Term {
    const answer = answerTo(analysis, question);
    if (answer === "refused" || answer === "pending" || answer.result === undefined) {
        return NONE;
    }
    for (const [at, parameter] of question.parameters.entries()) {
        const column = resolve(analysis, parameter.term);
        if (column.kind === "var" && answer.found[at]?.sql === answer.result.sql) {
            const other = another(answer.result.sql);
            const reply = probe(analysis, question, replaced(answer.given, at, other));
            if (reply !== undefined && "types" in reply && reply.result?.sql === other) {
                return { ...column, mixed: true };
            }
        }
    }
    return typed(answer.result);
}

function answerTo(analysis: Analysis, question: Question): Answer | "refused" | "pending" {
    const anything = new Set<number>();
    let given: Types = question.parameters.map(({ term }) => {
        const known = resolve(analysis, term);
        return known.kind === "type" && known.type.unknown !== true ? known.type.sql : undefined;
    });
    let reply = probe(analysis, question, given);
    while (reply !== undefined && "refused" in reply && reply.refused === ANYTHING) {
        const at = Number(/\$(\d+)/.exec(reply.message)?.[1]) - 1;
        if (given[at] !== undefined || anything.has(at) || !(at in question.parameters)) {
            break;
        }
        anything.add(at);
        given = replaced(given, at, "text");
        reply = probe(analysis, question, given);
    }
    if (reply === undefined) {
        return "pending";
    }
    return "types" in reply
        ? likelier(analysis, question, { given, reply, anything })
        : tried(analysis, question, given, anything);
}

/** All that are open have one type: the likeliest with which PostgreSQL takes the expression. */
function tried(
    analysis: Analysis,
    question: Question,
    given: Types,
    anything: ReadonlySet<number>,
): Answer | "refused" | "pending" {
    const open = question.parameters.find((_, at) => given[at] === undefined);
    const attempts = (open?.use.likely ?? []).map((type) => {
        const types = given.map((each) => each ?? type);
        return { types, reply: probe(analysis, question, types) };
    });
    for (const { types, reply } of attempts) {
        if (reply === undefined) {
            return "pending";
        }
        if ("types" in reply) {
            return { given: types, found: reply.types, anything, numbers: new Set(), ...resultOf(reply) };
        }
    }
    return "refused";
}

/** What PostgreSQL took for what is beside it, or for the preferred type, may as well be another. */
function likelier(
    analysis: Analysis,
    question: Question,
    first: { readonly given: Types; readonly reply: Found; readonly anything: ReadonlySet<number> },
): Answer | "pending" {
    let { given, reply } = first;
    const numbers = new Set<number>();
    for (const at of question.parameters.keys()) {
        const type = given[at] === undefined ? LIKELIER.get(reply.types[at]?.sql ?? "") : undefined;
        if (type === undefined) {
            continue;
        }
        const types = replaced(given, at, type);
        const other = probe(analysis, question, types);
        if (other === undefined) {
            return "pending";
        }
        const family = question.parameters[at]?.use.strength === STRENGTH.family;
        if ("types" in other && (type !== "numeric" || family || other.result?.sql === type)) {
            [given, reply] = [types, other];
            if (type === "numeric") {
                numbers.add(at);
            }
        }
    }
    return { given, found: reply.types, anything: first.anything, numbers, ...resultOf(reply) };
}

type Found = Extract<Reply, { readonly types: unknown }>;

function resultOf({ result }: Found): { readonly result?: ColumnType } {
    return result === undefined ? {} : { result };
}

function replaced(types: Types, at: number, type: string): Types {
    return types.map((each, index) => (index === at ? type : each));
}

function probe(analysis: Analysis, { sql, path }: Question, types: Types): Reply | undefined {
    return analysis.host.probe({ sql, path, types });
}
