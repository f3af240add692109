/**
 * What the parts of the analyser share: the world they look things up in, what they have found, and the three doors
 * through which a part hands a node to the others. Queries hold expressions and expressions hold queries; by these
 * doors the modules need not import each other in a circle.
 */

import type { Node, TypeName } from "libpg-query";
import type { QualifiedName } from "../parse/ast";
import type { Place } from "../report";
import type { ColumnType } from "../types";
import type { Probe, Reply } from "./probes";
import type { Scope } from "./scope";
import type { Output, OutputColumn, Question, Term } from "./terms";
import type { Unknowns } from "./unknowns";

/** A call of a `dblink…` function, with the columns that its result is given. */
export interface DblinkCall {
    /** The function's name. */
    readonly name: string;
    readonly args: readonly Node[];
    readonly columns: ReadonlyArray<{ name: string; type: ColumnType }>;
    readonly place: Place;
}

/** A table, a view or what else can stand in FROM. */
export interface Relation {
    readonly schema: string;
    readonly name: string;
    readonly output: Output;
    /** A table that an import brings: the remote table whose columns are sought. */
    readonly remote?: number;
}

export interface Parameter {
    /** Empty where it has none. */
    readonly name: string;
    readonly type: ColumnType;
}

/** One function, procedure, aggregate or window function of a name. */
export interface Routine {
    readonly schema: string;
    readonly name: string;
    /** Arguments of a call, in order; of a variadic routine the last has the type of an element. */
    readonly inputs: readonly Parameter[];
    /** OUT parameters and columns of RETURNS TABLE. */
    readonly outputs: readonly Parameter[];
    readonly result: ColumnType;
    /** How many of the last arguments may be left out. */
    readonly defaults: number;
    readonly variadic: boolean;
    /** Written in C: PostgreSQL's own or an extension's. */
    readonly library?: boolean;
}

export interface AnalyzerHost {
    readonly unknowns: Unknowns;
    /** The relation of a name; an imported table comes to be by being asked for. */
    relation(name: QualifiedName, place: Place): Relation | undefined;
    /** All overloads of a name. */
    routines(name: QualifiedName): readonly Routine[];
    type(type: TypeName | undefined): ColumnType;
    place(location: number | undefined): Place;
    /** Schemas in which names are looked up, in order. */
    readonly path: readonly string[];
    /** What PostgreSQL makes of an expression; undefined while it has not been asked. */
    probe(probe: Probe): Reply | undefined;
    /** What stands behind expressions, as far as that is loaded. */
    readonly resolved: Map<Question, Term>;
    dblink(call: DblinkCall): void;
}

export interface Analysis {
    readonly host: AnalyzerHost;
    readonly unknowns: Unknowns;
    /** Any statement that reads or writes rows. */
    statement(node: Node, scope?: Scope): Output;
    expression(node: Node | undefined, scope: Scope): Term;
    /** An expression that must be Boolean. */
    condition(node: Node | undefined, scope: Scope): void;
    /** What stands behind an expression: a column that is sought, or a type. */
    resolve(term: Term): Term;
    /** Two expressions meet: what is known of one is told of the other. */
    meet(a: Term, b: Term, strength: number, reason: string): void;
    /** A remote table has these columns, by their names. */
    has(table: number, columns: readonly OutputColumn[], reason: string): void;
}
