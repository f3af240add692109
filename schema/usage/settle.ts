/** What is known of remote tables at some moment, and what is to be said about it. */

import { upstreamConfig } from "../configline";
import type { ColumnOrigin, Finding, Place, Severity } from "../report";
import { admits, type ObservedImport } from "./imports";
import type { Knowledge } from "./knowledge";
import type { LocalName, RemoteTable, Unknowns, Upstream } from "./unknowns";

/** A remote table that the schema uses without declaring it. */
export interface UsedTable {
    /** The foreign server, or the connection string that dblink is given. */
    readonly server: Upstream;
    readonly schema: string;
    readonly name: string;
    /** Local name, `schema.table`; absent where only `dblink` reads it. */
    readonly local?: string;
    /** Local names by which statements asked for it while no table had them: an import must bring it there. */
    readonly locals: readonly LocalName[];
    /** Where it is first used. */
    readonly place: Place;
    /**
     * In the order of their first use. What `given` told is `given` with its type; where it told of the table, any
     * other certainty marks a column that the table would lack.
     */
    readonly columns: readonly ColumnOrigin[];
}

/** Where an upstream is, as far as that is known. */
export interface Address {
    readonly host: string;
    readonly port: number;
    readonly database: string;
}

export type AddressOf = (upstream: Upstream) => Address | undefined;

/** A column for tables of which nothing but `SELECT *` is known: a view must have one. */
export const UNKNOWN_COLUMN = "fdw_stub_unknown";

export interface Settled {
    readonly tables: readonly UsedTable[];
    readonly findings: readonly Finding[];
}

export function settle(knowledge: Knowledge, address: AddressOf): Settled {
    const findings = new Map<string, Finding>();
    const say: Say = (severity, code, message, place, config) => {
        const finding = { severity, code, message, ...place, ...(config === undefined ? {} : { config }) };
        findings.set(JSON.stringify([code, message, place]), finding);
    };
    const lost = knowledge.dblink.finish();
    const unknowns = knowledge.unknowns.copy();
    linkTables(unknowns, address);
    const guesses = unknowns.settle((table) => {
        const given = knowledge.givenTable(table);
        return given === undefined ? undefined : new Set(given.columns.map(({ name }) => name));
    });
    sayAmbiguous(knowledge, say);
    for (const { name, tables, place } of guesses) {
        const names = tables.map((table) => `${table.schema}.${table.name}`).join(", ");
        say(
            "warning",
            "column-ambiguous",
            `The column ${name} belongs to one of ${names}; nothing tells which, and the first is taken. Qualify it, or declare the tables.`,
            place,
        );
    }
    const tables = unknowns.tables.map((table) => usedTable(knowledge, unknowns, table, address, say));
    for (const observed of knowledge.imports.list) {
        sayUnused(observed, tables, say);
    }
    for (const { message, place } of lost) {
        say("note", "dblink-unknown", message, place);
    }
    return { tables, findings: [...findings.values()] };
}

type Say = (severity: Severity, code: string, message: string, place: Place, config?: string) => void;

/** A table that several servers lead to is one table: what is told of its columns through one, all know. */
function linkTables(unknowns: Unknowns, address: AddressOf): void {
    const first = new Map<string, RemoteTable>();
    for (const table of unknowns.tables) {
        const at = address(table.upstream);
        if (at === undefined) {
            continue;
        }
        const mark = JSON.stringify([at.host.toLowerCase(), at.port, at.database, table.schema, table.name]);
        const other = first.get(mark);
        if (other === undefined) {
            first.set(mark, table);
        } else {
            unknowns.join(other.id, table.id);
        }
    }
}

/** One finding for all tables that may come from the same imports. */
function sayAmbiguous({ ambiguous }: Knowledge, say: Say): void {
    const byImports = new Map<string, typeof ambiguous>();
    for (const each of ambiguous) {
        const mark = JSON.stringify(each.candidates);
        byImports.set(mark, [...(byImports.get(mark) ?? []), each]);
    }
    for (const tables of byImports.values()) {
        const [first] = tables;
        const last = first?.candidates.at(-1);
        if (first === undefined || last === undefined) {
            continue;
        }
        const names = [...new Set(tables.map(({ name }) => name))];
        const sources = first.candidates.map((each) => `${each.remoteSchema} of server ${each.server}`).join(" or ");
        const they = names.length === 1 ? "it is" : "they are";
        say(
            "warning",
            "import-ambiguous",
            `${names.join(", ")} in ${last.localSchema} may come from ${sources}; ${they} taken from the last import, ${last.remoteSchema}. Name the tables with LIMIT TO, or declare them.`,
            first.place,
        );
    }
}

function sayUnused(
    { server, remoteSchema, file, line, ...list }: ObservedImport,
    tables: readonly UsedTable[],
    say: Say,
): void {
    const used = tables.some(
        (table) =>
            table.server === server &&
            table.schema === remoteSchema &&
            admits({ ...list, server, remoteSchema, file, line }, table.name),
    );
    if (!used) {
        say(
            "note",
            "import-unused",
            `Nothing that was read uses a table of this import (${remoteSchema} of ${server}); the stub has none of them.`,
            { file, line },
        );
    }
}

function configLine(
    address: Address | undefined,
    schema: string,
    name: string,
    columns: ReadonlyArray<{ name: string; type: string }>,
): string | undefined {
    return address === undefined
        ? undefined
        : upstreamConfig(address, [
              { schema, name, columns: columns.map((each) => ({ name: each.name, type: each.type })) },
          ]);
}

function usedTable(
    knowledge: Knowledge,
    unknowns: Unknowns,
    table: RemoteTable,
    address: AddressOf,
    say: Say,
): UsedTable {
    const given = knowledge.givenTable(table);
    const local = table.local ?? `${table.schema}.${table.name}`;
    const columns = [...table.columns.values()].map(({ name, variable, place }): ColumnOrigin => {
        const described = given?.columns.find((each) => each.name === name);
        if (described !== undefined) {
            return { name, type: described.type, certainty: "given", place };
        }
        const { type, reason } = unknowns.typeOf(variable);
        return reason === undefined
            ? { name, type: type.sql, certainty: "guessed", place }
            : { name, type: type.sql, certainty: "inferred", place, reason };
    });
    const [star] = given === undefined ? table.stars : [];
    if (star !== undefined) {
        const names = columns.map(({ name }) => name);
        const known = names.length === 0 ? "none is" : `only ${names.join(", ")} ${names.length === 1 ? "is" : "are"}`;
        say(
            "warning",
            "columns-unknown",
            `All columns of ${local} are asked for here (SELECT *), and ${known} known. Declare all of them.`,
            star,
            configLine(
                address(table.upstream),
                table.schema,
                table.name,
                columns.length === 0 ? [{ name: UNKNOWN_COLUMN, type: "text" }] : columns,
            ),
        );
    }
    const guessed = given?.whole === true ? [] : columns.filter(({ certainty }) => certainty === "guessed");
    if (guessed.length > 0) {
        say(
            "note",
            "type-guessed",
            `Nothing tells the type of ${local}: ${guessed.map(({ name }) => name).join(", ")}; text stands in. Declare what it is where that matters.`,
            table.place,
            configLine(address(table.upstream), table.schema, table.name, guessed),
        );
    }
    if (star !== undefined && columns.length === 0) {
        columns.push({ name: UNKNOWN_COLUMN, type: "text", certainty: "guessed", place: star });
    }
    return {
        server: table.upstream,
        schema: table.schema,
        name: table.name,
        place: table.place,
        locals: [...table.locals],
        columns,
        ...(table.local === undefined ? {} : { local: table.local }),
    };
}
