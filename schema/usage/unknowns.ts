/**
 * Tables of upstreams whose columns nobody declared: which columns the schema uses, and what it tells of their types.
 *
 * Each column is a variable. Comparisons and joins of two such columns link them, everything else gives evidence of
 * a strength; the strongest wins, and among equals the wider type.
 */

import type { Place } from "../report";
import { type ColumnType, plainType, TEXT, wider } from "../types";
import type { Term } from "./terms";

/** How much a piece of evidence says. */
export const STRENGTH = {
    /** Arithmetic or an aggregate: some kind of number. */
    family: 1,
    /** A literal beside it. */
    literal: 2,
    /** An explicit cast: the column can be turned into that. */
    cast: 3,
    /** Compared with a known column, or an argument of a function that takes this type. */
    use: 4,
    /** Inserted into a column or returned as one: it must fit. */
    assignment: 5,
    /** The user tells what the upstream has. */
    given: 6,
} as const;

/** Where a remote table is: the name of a foreign server, or dblink's connection string. */
export type Upstream = string | { readonly conninfo: string };

interface Evidence {
    readonly type: ColumnType;
    readonly strength: number;
    readonly reason: string;
}

interface Variable {
    parent: number;
    evidence: Evidence[];
}

export interface RemoteColumn {
    readonly name: string;
    readonly variable: number;
    readonly place: Place;
}

export interface LocalName {
    readonly schema: string;
    readonly name: string;
}

export interface RemoteTable {
    readonly id: number;
    readonly upstream: Upstream;
    readonly schema: string;
    readonly name: string;
    readonly place: Place;
    /** Local name, `schema.table`; absent where only `dblink` reads it. */
    readonly local?: string;
    /** Names of statements that an import must have brought it under. */
    readonly locals: LocalName[];
    readonly columns: Map<string, RemoteColumn>;
    /** Where all columns are asked for at once. */
    readonly stars: Place[];
}

interface Pending {
    readonly name: string;
    readonly tables: readonly number[];
    readonly variable: number;
    readonly place: Place;
}

export interface Settled {
    readonly type: ColumnType;
    /** Absent where nothing tells the type. */
    readonly reason?: string;
}

export class Unknowns {
    readonly tables: RemoteTable[] = [];
    private readonly variables: Variable[] = [];
    /** Unqualified columns of several open tables; the same one at the same place once. */
    private readonly pending = new Map<string, Pending>();
    /** Pairs of tables that must have the same columns in the same order (`SELECT * … UNION SELECT * …`). */
    private readonly aligned: Array<readonly [number, number]> = [];

    table(upstream: Upstream, schema: string, name: string, place: Place, local?: string): RemoteTable {
        const table: RemoteTable = {
            id: this.tables.length,
            upstream,
            schema,
            name,
            place,
            columns: new Map(),
            stars: [],
            locals: [],
            ...(local === undefined ? {} : { local }),
        };
        this.tables.push(table);
        return table;
    }

    /** What is known now, to be decided on without deciding it here: more may come. */
    copy(): Unknowns {
        const copied = new Unknowns();
        for (const table of this.tables) {
            copied.tables.push({ ...table, columns: new Map(table.columns), stars: [...table.stars] });
        }
        copied.variables.push(...this.variables.map(({ parent, evidence }) => ({ parent, evidence: [...evidence] })));
        for (const [mark, pending] of this.pending) {
            copied.pending.set(mark, pending);
        }
        copied.aligned.push(...this.aligned);
        return copied;
    }

    fresh(): number {
        this.variables.push({ parent: this.variables.length, evidence: [] });
        return this.variables.length - 1;
    }

    /** The variable of a column, which becomes known by being asked for. */
    column(tableId: number, name: string, place: Place): Term {
        const table = this.tables[tableId];
        if (table === undefined) {
            // In a trial: a table that was known before it.
            return { kind: "var", id: this.fresh() };
        }
        const known = table.columns.get(name);
        if (known !== undefined) {
            return { kind: "var", id: known.variable };
        }
        const variable = this.fresh();
        table.columns.set(name, { name, variable, place });
        return { kind: "var", id: variable };
    }

    /** An unqualified column of one of several open tables: decided when all is read. */
    oneOf(tables: readonly number[], name: string, place: Place): Term {
        const only = tables[0];
        if (tables.length === 1 && only !== undefined) {
            return this.column(only, name, place);
        }
        const mark = JSON.stringify([name, tables, place.file, place.line]);
        const known = this.pending.get(mark);
        if (known !== undefined) {
            return { kind: "var", id: known.variable };
        }
        const variable = this.fresh();
        this.pending.set(mark, { name, tables: [...tables], variable, place });
        return { kind: "var", id: variable };
    }

    star(tableId: number, place: Place): void {
        const stars = this.tables[tableId]?.stars;
        if (stars?.some(({ file, line }) => file === place.file && line === place.line) === false) {
            stars.push(place);
        }
    }

    align(a: number, b: number): void {
        if (a !== b && !this.aligned.some(([x, y]) => x === a && y === b)) {
            this.aligned.push([a, b]);
        }
    }

    hint(term: Term, type: ColumnType, strength: number, reason: string): void {
        if (term.kind === "var" && type.unknown !== true) {
            const said = strength === STRENGTH.assignment && term.mixed !== true ? type : plainType(type);
            const evidence = this.variables[this.find(term.id)]?.evidence;
            // What is read again and again, such as a view, says the same each time.
            if (evidence?.some((each) => each.strength === strength && each.type.sql === said.sql) === false) {
                evidence.push({ type: said, strength, reason });
            }
        }
    }

    /** Two expressions meet: what is known of one is told of the other. */
    meet(a: Term, b: Term, strength: number, reason: string): void {
        if (a.kind === "var" && b.kind === "var") {
            this.link(a.id, b.id);
        } else if (b.kind === "type") {
            this.hint(a, b.type, strength, reason);
        } else if (a.kind === "type") {
            this.hint(b, a.type, strength, reason);
        }
    }

    private link(a: number, b: number): void {
        const [x, y] = [this.find(a), this.find(b)];
        const [from, to] = [this.variables[x], this.variables[y]];
        if (x !== y && from !== undefined && to !== undefined) {
            from.parent = y;
            to.evidence.push(...from.evidence);
            from.evidence = [];
        }
    }

    private find(id: number): number {
        let at = id;
        for (let parent = this.variables[at]?.parent ?? at; parent !== at; parent = this.variables[at]?.parent ?? at) {
            at = parent;
        }
        // Short paths keep long chains of joins cheap.
        const variable = this.variables[id];
        if (variable !== undefined) {
            variable.parent = at;
        }
        return at;
    }

    /**
     * Decides what was left open: unqualified columns, and tables that must look alike. `given` tells the columns of
     * a table that the user described. Done on a copy, because what comes later may decide otherwise.
     *
     * @returns the columns for which the choice was a guess.
     */
    settle(
        given: (table: RemoteTable) => ReadonlySet<string> | undefined,
    ): Array<{ name: string; tables: RemoteTable[]; place: Place }> {
        const guesses: Array<{ name: string; tables: RemoteTable[]; place: Place }> = [];
        for (const { name, tables, variable, place } of this.pending.values()) {
            const candidates = tables.flatMap((id) => this.tables[id] ?? []);
            // A table of which something is told may have more columns, but one of which nothing is told comes first.
            const open = candidates.filter((table) => given(table) === undefined);
            const possible = open.length === 0 ? candidates : open;
            const certain =
                candidates.find((table) => given(table)?.has(name) === true) ??
                possible.find((table) => table.columns.has(name));
            const chosen = certain ?? possible[0];
            if (chosen === undefined) {
                continue;
            }
            if (certain === undefined && possible.length > 1) {
                guesses.push({ name, tables: candidates, place });
            }
            const term = this.column(chosen.id, name, place);
            if (term.kind === "var") {
                this.link(variable, term.id);
            }
        }
        // Each round can carry a column one pair further.
        for (let changed = true, rounds = 0; changed && rounds < this.aligned.length + 1; rounds += 1) {
            changed = false;
            for (const [a, b] of this.aligned) {
                changed = this.copyColumns(a, b) || changed;
                changed = this.copyColumns(b, a) || changed;
            }
        }
        return guesses;
    }

    /** Two tables are one: columns that both have share their evidence. */
    join(a: number, b: number): void {
        for (const column of this.tables[a]?.columns.values() ?? []) {
            const other = this.tables[b]?.columns.get(column.name);
            if (other !== undefined) {
                this.link(column.variable, other.variable);
            }
        }
    }

    private copyColumns(from: number, to: number): boolean {
        let changed = false;
        for (const column of this.tables[from]?.columns.values() ?? []) {
            const known = this.tables[to]?.columns.has(column.name) ?? true;
            const term = this.column(to, column.name, column.place);
            if (term.kind === "var") {
                this.link(term.id, column.variable);
            }
            changed ||= !known;
        }
        return changed;
    }

    /** The type of a column: `text` without a reason where nothing tells it. */
    typeOf(variable: number): Settled {
        let best: Evidence | undefined;
        for (const each of this.variables[this.find(variable)]?.evidence ?? []) {
            if (best === undefined || each.strength > best.strength) {
                best = each;
            } else if (each.strength === best.strength) {
                const type = wider(best.type, each.type);
                best = type === best.type ? best : each;
            }
        }
        return best === undefined ? { type: TEXT } : { type: best.type, reason: best.reason };
    }
}
