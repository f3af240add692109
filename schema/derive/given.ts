/**
 * What the user tells of an upstream: declared tables, its own DDL, or its part of a psql script after `\c`. The
 * tables of an import come from here first.
 */

import type { Upstream } from "../../upstreams/model";
import { linesBefore, parseSql } from "../../upstreams/parser";
import type { Place } from "../report";
import { outputOf } from "../usage/outputs";
import type { Database } from "./database";
import { Interpreter } from "./interpreter";
import { completeRelation } from "./tables";
import { type ColumnType, TEXT } from "./types";

export interface GivenColumn {
    readonly name: string;
    readonly type: string;
    /** Where the type is one of the schema's own words. */
    readonly columnType?: ColumnType;
    readonly place: Place;
}

export interface GivenTable {
    readonly schema: string;
    readonly name: string;
    readonly place: Place;
    readonly columns: readonly GivenColumn[];
    /** It is declared column by column, and made from that: what a foreign table needs beside these is added. */
    readonly open?: boolean;
}

/** Where the user tells of a table. */
export function placeOfGiven({ place, open }: GivenTable): string {
    return open === true ? place.file : `${place.file}:${place.line}`;
}

/** The joint for descriptions of upstreams: tables of one database. */
export interface UpstreamCatalog {
    /** All tables and views. */
    readonly all: readonly GivenTable[];
    /** Tables and views of a schema; undefined where nothing is said about the schema. */
    tables(schema: string): readonly GivenTable[] | undefined;
    /** The DDL itself runs at the upstream already, so its tables need not be made again. */
    readonly runs: boolean;
    /** DDL of the types that the tables need, where `runs` is false. */
    readonly database?: Database;
}

class ListCatalog implements UpstreamCatalog {
    constructor(
        readonly all: readonly GivenTable[],
        readonly runs: boolean,
        readonly database?: Database,
    ) {}

    tables(schema: string): readonly GivenTable[] | undefined {
        const found = this.all.filter((table) => table.schema === schema);
        return found.length === 0 ? undefined : found;
    }
}

/** Relations that a database holds at the end, as another database sees them. */
export function databaseCatalog(db: Database, runs: boolean): UpstreamCatalog {
    const list: GivenTable[] = [];
    for (const relation of db.catalog.relations.values()) {
        completeRelation(db, relation);
        const columns = outputOf(relation).columns.map(({ name, term }): GivenColumn => {
            const columnType =
                term.kind === "type" ? term.type : term.kind === "var" ? db.unknowns.typeOf(term.id).type : TEXT;
            const place = relation.columns.find((column) => column.name === name)?.place ?? relation.place;
            return { name, type: columnType.sql, columnType, place };
        });
        list.push({ schema: relation.schema, name: relation.name, place: relation.place, columns });
    }
    return new ListCatalog(list, runs, db);
}

/** Tables and DDL of a declared upstream. */
export function declaredCatalog(upstream: Upstream, index: number): UpstreamCatalog {
    const interpreter = new Interpreter("postgres");
    const db = interpreter.database(undefined);
    for (const ddl of upstream.ddl) {
        const parsed = parseSql(ddl.sql);
        for (const node of "nodes" in parsed ? parsed.nodes : []) {
            interpreter.execute(db, node, {
                file: ddl.origin,
                line: ddl.line,
                sql: ddl.sql,
                lineAt: (location) => ddl.line + linesBefore(ddl.sql, location),
            });
        }
    }
    const fromDdl = databaseCatalog(db, true);
    const list: GivenTable[] = upstream.tables.map((table, position) => {
        const place = { file: `upstreams[${index}].tables[${position}]`, line: 1 };
        return {
            schema: table.schema,
            name: table.name,
            place,
            columns: table.columns.map(({ name, type }) => ({ name, type, place })),
            open: true,
        };
    });
    return new ListCatalog([...list, ...fromDdl.all], true);
}
