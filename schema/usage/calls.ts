/** What a function call tells of its arguments, and the type of its result. */

import type { FuncCall } from "libpg-query";
import { qualified, strings } from "../parse/ast";
import { builtIn } from "../types";
import type { Analysis, DblinkCall, Routine } from "./analysis";
import { asInterval } from "./intervals";
import { orderItem } from "./order";
import { ARRAY, type Choice, choose, ELEMENT } from "./overloads";
import type { Scope } from "./scope";
import { arrayOf, arrayType, BOOLEAN, EMPTY, elementOf, isType, known, NONE, type Term, TIMES, typed } from "./terms";
import { unify } from "./unify";
import { STRENGTH } from "./unknowns";

/** Functions of dblink that connect, or that name the connection to use. */
const DBLINK = new Set([
    "dblink",
    "dblink_connect",
    "dblink_connect_u",
    "dblink_exec",
    "dblink_open",
    "dblink_send_query",
]);

export interface CallResult {
    readonly term: Term;
    /** The overload that the call means, as far as the catalog has the function. */
    readonly routine?: Routine;
}

export function callTerm(analysis: Analysis, call: FuncCall, scope: Scope): Term {
    return functionCall(analysis, call, scope, []).term;
}

/** `columns`: the column definition list of a call in FROM. */
export function functionCall(
    analysis: Analysis,
    call: FuncCall,
    scope: Scope,
    columns: DblinkCall["columns"],
): CallResult {
    const name = qualified(strings(call.funcname));
    const direct = call.args ?? [];
    const terms = direct.map((arg) => analysis.expression(arg, scope));
    const ordered = (call.agg_order ?? []).map((node) => {
        orderItem(analysis, node, scope, EMPTY);
        return "SortBy" in node ? node.SortBy.node : undefined;
    });
    analysis.condition(call.agg_filter, scope);
    for (const node of [...(call.over?.partitionClause ?? []), ...(call.over?.orderClause ?? [])]) {
        orderItem(analysis, node, scope, EMPTY);
    }
    const routines = analysis.host.routines(name);
    const own = routines.filter(({ schema }) => schema !== "pg_catalog");
    if (DBLINK.has(name.name) && !own.some(({ library }) => library !== true)) {
        analysis.host.dblink({
            name: name.name,
            args: direct,
            columns,
            place: analysis.host.place(call.location),
        });
    }
    const special = own.length > 0 ? undefined : specialCall(analysis, name.name, call, terms, scope);
    // Sorted arguments of an aggregate come after the others: percentile_cont(0.5) WITHIN GROUP (ORDER BY x).
    const sorted = call.agg_within_group === true ? ordered.flatMap((node) => node ?? []) : [];
    const args = [...direct, ...sorted];
    const all = [...terms, ...sorted.map((node) => analysis.expression(node, scope))];
    const choice = choose(routines, all, args, call.func_variadic === true);
    if (choice === undefined) {
        return { term: special ?? NONE };
    }
    const { routine } = choice;
    if (special !== undefined) {
        return { term: special, routine };
    }
    const reason = `argument of ${name.name}()`;
    all.forEach((term, index) => {
        const wanted = choice.wanted[index];
        if (wanted !== undefined) {
            analysis.unknowns.hint(term, wanted.type, wanted.strength, reason);
        }
    });
    return { term: resultOf(analysis, choice, all, reason), routine };
}

/** The type of the result; arguments of a polymorphic function meet. */
function resultOf(analysis: Analysis, { routine, parameters }: Choice, terms: readonly Term[], reason: string): Term {
    const of = (kind: RegExp) => terms.filter((_, index) => kind.test(parameters[index]?.base ?? ""));
    const arrays = of(ARRAY);
    const elements = of(ELEMENT);
    for (const term of arrays) {
        if (term.kind === "type" && term.type.array) {
            elements.push(typed(elementOf(term.type)));
        }
    }
    const element = unify(analysis, elements, reason);
    for (const term of arrays) {
        if (element.kind === "type") {
            analysis.unknowns.hint(term, arrayType(element.type), STRENGTH.use, reason);
        } else {
            analysis.unknowns.hint(term, builtIn("text[]"), STRENGTH.literal, reason);
        }
    }
    const { result } = routine;
    if (ELEMENT.test(result.base)) {
        return element;
    }
    if (ARRAY.test(result.base)) {
        return element.kind === "type" && !element.type.array ? arrayOf(element.type) : (arrays[0] ?? NONE);
    }
    return /^any|^"any"|^(?:record|void|trigger)$/.test(result.base) ? NONE : typed(result);
}

/** Functions whose arguments are told by more than their position; undefined where the signature says it. */
function specialCall(
    analysis: Analysis,
    name: string,
    call: FuncCall,
    terms: readonly Term[],
    scope: Scope,
): Term | undefined {
    const [first, second] = call.args ?? [];
    if ((name === "extract" || name === "date_part") && asInterval(analysis, second, scope)) {
        return known(name === "extract" ? "numeric" : "double precision");
    }
    if (name === "justify_hours" || name === "justify_interval" || name === "justify_days") {
        return asInterval(analysis, first, scope) ? known("interval") : undefined;
    }
    if (name === "overlaps") {
        unify(analysis, terms, "OVERLAPS");
        return BOOLEAN;
    }
    if (name === "min" || name === "max") {
        // They take nearly every type, so the overloads tell nothing.
        return terms[0] ?? NONE;
    }
    return name === "generate_series" ? seriesTerm(analysis, terms) : undefined;
}

/** `generate_series()` of numbers or of moments, which its step tells. */
function seriesTerm(analysis: Analysis, terms: readonly Term[]): Term {
    const step = terms[2];
    const stepped =
        terms.some((term) => isType(term, "interval")) ||
        // A step in quotes with a unit, like '1 day', is an interval.
        (step?.kind === "literal" && /[a-z]/i.test(step.text ?? ""));
    const dated = terms.find((term) => term.kind === "type" && TIMES.has(term.type.base));
    const type = dated?.kind === "type" ? dated.type : builtIn(stepped ? "timestamptz" : "integer");
    for (const term of terms.slice(0, stepped || dated !== undefined ? 2 : 3)) {
        analysis.unknowns.hint(term, type, STRENGTH.use, "argument of generate_series()");
    }
    return stepped ? known("timestamptz") : typed(type);
}
