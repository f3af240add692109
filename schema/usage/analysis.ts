/**
 * What the parts of the analyser share: the world they look things up in, what they have found, and the three doors
 * through which a part hands a node to the others. Queries hold expressions and expressions hold queries; by these
 * doors the modules need not import each other in a circle.
 */

import type { Node, TypeName } from "libpg-query";
import type { Output, Relation, Routine, Term } from "../derive/catalog";
import type { ColumnType } from "../derive/types";
import type { QualifiedName } from "../parse/ast";
import type { Place } from "../report";
import type { Scope } from "./scope";
import type { Unknowns } from "./unknowns";

/** A call of a `dblink…` function, with the columns that its result is given. */
export interface DblinkCall {
    /** The function's name. */
    readonly name: string;
    readonly args: readonly Node[];
    readonly columns: ReadonlyArray<{ name: string; type: ColumnType }>;
    readonly place: Place;
}

export interface AnalyzerHost {
    readonly unknowns: Unknowns;
    /** The relation of a name; an imported table comes to be by being asked for. */
    relation(name: QualifiedName, place: Place): Relation | undefined;
    routines(name: QualifiedName): readonly Routine[];
    type(type: TypeName | undefined): ColumnType;
    place(location: number | undefined): Place;
    dblink(call: DblinkCall): void;
}

export interface Analysis {
    readonly host: AnalyzerHost;
    readonly unknowns: Unknowns;
    /** Relations read or written. */
    readonly reads: Set<number>;
    /** Routines of the schema that are called, as `schema\0name`. */
    readonly calls: Set<string>;
    /** Names that nothing known has. */
    readonly missing: QualifiedName[];
    /** Any statement that reads or writes rows. */
    statement(node: Node, scope?: Scope): Output;
    expression(node: Node | undefined, scope: Scope): Term;
    /** An expression that must be Boolean. */
    condition(node: Node | undefined, scope: Scope): void;
}
