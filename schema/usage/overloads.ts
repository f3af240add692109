/**
 * Which overload of a function a call means. The arguments' types decide as far as they are known; where a column of
 * an unknown type could be several, PostgreSQL's preferred types are likeliest: text, then timestamptz, then a number.
 */

import type { Node } from "libpg-query";
import { builtIn, type ColumnType, familyOf } from "../types";
import type { Routine } from "./analysis";
import { arrayType, isLiteral, type Term } from "./terms";
import { STRENGTH } from "./unknowns";

/** What an argument that is a column of an unknown type must be. */
export interface Wanted {
    readonly type: ColumnType;
    readonly strength: number;
}

export interface Choice {
    readonly routine: Routine;
    /** By the position of the argument; undefined where the overloads tell nothing. */
    readonly wanted: ReadonlyArray<Wanted | undefined>;
    /** The parameter of each argument. */
    readonly parameters: ReadonlyArray<ColumnType | undefined>;
}

const ANYTHING = /^(?:"any"|any(?:element|array|nonarray|enum|range|multirange|compatible\w*))$/;
/** Polymorphic types: any value, an array of any. */
export const ELEMENT = /^any(?:element|nonarray|enum|compatible|compatiblenonarray)$/;
export const ARRAY = /^any(?:array|compatiblearray)$/;
const WHOLE = new Set(["smallint", "integer", "bigint"]);
const NUMBERS = new Set([...WHOLE, "numeric", "real", "double precision"]);

/** @param spread the last argument is an array of the variadic ones. */
export function choose(
    routines: readonly Routine[],
    terms: readonly Term[],
    args: readonly Node[],
    spread: boolean,
): Choice | undefined {
    const places = args.map((arg) => ("NamedArgExpr" in arg ? arg.NamedArgExpr.name : undefined));
    let left = routines.filter((routine) => takes(routine, terms.length));
    left = left.length === 0 ? [...routines] : left;
    const at = (routine: Routine, index: number) => {
        const type = parameterOf(routine, places[index], index);
        return type !== undefined && spread && index === terms.length - 1 ? arrayType(type) : type;
    };
    left = fitting(left, (routine) => {
        const fits = terms.map((term, index) => fitness(term, at(routine, index), isLiteral(args[index])));
        return fits.includes(-1) ? -1 : fits.reduce((sum, each) => sum + each, 0);
    });
    const wanted = terms.map((term, index) => {
        if (term.kind !== "var") {
            return undefined;
        }
        const found = preferred(left.flatMap((routine) => at(routine, index) ?? []));
        if (found !== undefined) {
            const { keeps } = found;
            left = left.filter((routine) => keeps(at(routine, index)));
        }
        return found?.wanted;
    });
    // Of those that are left, the one with a preferred result: a sum of unknown numbers is numeric.
    const routine = left.find(({ result }) => result.base === "numeric" || result.base === "timestamptz") ?? left[0];
    return routine === undefined
        ? undefined
        : { routine, wanted, parameters: terms.map((_, index) => at(routine, index)) };
}

function takes({ inputs, defaults, variadic }: Routine, count: number): boolean {
    return count >= inputs.length - defaults - (variadic ? 1 : 0) && (variadic || count <= inputs.length);
}

function parameterOf({ inputs, variadic }: Routine, name: string | undefined, index: number): ColumnType | undefined {
    const named = name === undefined ? undefined : inputs.find((each) => each.name === name);
    return (named ?? inputs[index] ?? (variadic ? inputs.at(-1) : undefined))?.type;
}

/** The routines that fit best; all where none fits. */
function fitting(routines: readonly Routine[], score: (routine: Routine) => number): Routine[] {
    const scored = routines.map((routine) => ({ routine, score: score(routine) }));
    const best = Math.max(...scored.map((each) => each.score));
    return best < 0 ? [...routines] : scored.filter((each) => each.score === best).map(({ routine }) => routine);
}

/** How well an argument fits a parameter: -1 not at all, 2 exactly. */
function fitness(term: Term, parameter: ColumnType | undefined, literal: boolean): number {
    if (parameter === undefined || term.kind !== "type" || ANYTHING.test(parameter.base)) {
        return 0;
    }
    const { type } = term;
    if (type.array !== parameter.array) {
        return -1;
    }
    if (type.base === parameter.base) {
        // A number in the text is of the smallest type, which says nothing of the column beside it.
        return literal ? 1 : 2;
    }
    const [a, b] = [familyOf(type.sql), familyOf(parameter.sql)];
    if (a === undefined || a !== b) {
        return a === undefined && b === undefined ? 0 : -1;
    }
    return 1;
}

/** What a column may be of several types, and which overloads take that. */
function preferred(
    types: readonly ColumnType[],
): { wanted: Wanted | undefined; keeps: (type: ColumnType | undefined) => boolean } | undefined {
    const names = new Set(types.map(({ sql }) => sql));
    const [first] = types;
    if (first === undefined) {
        return undefined;
    }
    const text = types.find(({ sql }) => sql === "text");
    const polymorphic = [ELEMENT, ARRAY].find((kind) => types.some(({ base }) => kind.test(base)));
    if (text === undefined && polymorphic !== undefined) {
        return { wanted: undefined, keeps: (type) => polymorphic.test(type?.base ?? "") };
    }
    if (names.size === 1) {
        return one(first);
    }
    for (const name of ["text", "timestamptz"]) {
        const found = types.find(({ sql }) => sql === name);
        if (found !== undefined) {
            return one(found);
        }
    }
    const numbers = types.filter(({ base, array }) => NUMBERS.has(base) && !array);
    if (numbers.length > 0) {
        const whole = numbers.every(({ base }) => WHOLE.has(base));
        return {
            wanted: { type: builtIn(whole ? "integer" : "numeric"), strength: STRENGTH.family },
            keeps: (type) => type !== undefined && NUMBERS.has(type.base) && !type.array,
        };
    }
    const json = types.find(({ sql }) => sql === "jsonb");
    return json === undefined ? undefined : one(json);
}

function one(chosen: ColumnType) {
    return {
        wanted: { type: chosen, strength: STRENGTH.use },
        keeps: (type: ColumnType | undefined) => type?.sql === chosen.sql,
    };
}
