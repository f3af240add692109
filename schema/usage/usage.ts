/**
 * What a schema tells of tables that it doesn't declare: those that IMPORT FOREIGN SCHEMA brings, and those that queries
 * sent by dblink read. Statements are gone through before they run, with the database's own catalogs at hand; the
 * columns and their types follow from what stands around them.
 */

import { linesBefore, parseSql } from "../../upstreams/parser";
import { readRoutine } from "./bodies";
import { Catalog, type CatalogQuery, currentPath, writtenRoutines } from "./catalog";
import type { ObservedImport } from "./imports";
import { type Given, Knowledge } from "./knowledge";
import type { Reply } from "./probes";
import { type Context, Reader } from "./reader";
import { type AddressOf, type Settled, settle } from "./settle";
import { changedRows, readStatement } from "./statement";

export interface ObservedStatement {
    readonly file: string;
    /** Line of the statement's first character, from 1. */
    readonly line: number;
    readonly sql: string;
    /** Effective schemas: `current_schemas(true)`, in order. */
    readonly searchPath: readonly string[];
}

/** Rounds of asking the catalogs for one statement: each can go one view deeper. */
const MAX_ROUNDS = 32;

export class Usage {
    private readonly knowledge: Knowledge;
    private readonly replies = new Map<string, Reply>();

    /**
     * @param query runs on the session whose statements are observed, so that it sees what they made.
     * @param given tells the columns of a remote table, where the user or a foreign table declares them.
     * @param address tells where a server or a connection string leads: a table that several lead to is one.
     */
    constructor(
        private readonly query: CatalogQuery,
        given: Given = () => undefined,
        private readonly address: AddressOf = () => undefined,
    ) {
        this.knowledge = new Knowledge(given);
    }

    /** An import has run. What it could not bring, because the upstream has nothing yet, is what the analysis seeks. */
    imported(observed: ObservedImport): void {
        this.knowledge.imported(observed);
    }

    /**
     * Before statements run of which none changes what the names of another mean: what they tell of imported tables, and
     * of tables that dblink's queries name.
     */
    async observe(statements: readonly ObservedStatement[]): Promise<void> {
        const catalog = new Catalog(this.query, this.replies);
        for (const statement of statements) {
            await this.observeWith(catalog, statement);
        }
    }

    /** A statement that tells nothing by itself; a body that stands in it may be gone through later. */
    passOver(statement: Pick<ObservedStatement, "file" | "line" | "sql">): void {
        this.knowledge.sources.add(statement);
    }

    private async observeWith(catalog: Catalog, statement: ObservedStatement): Promise<void> {
        const { file, line, sql, searchPath } = statement;
        this.knowledge.sources.add(statement);
        if (!this.concerns(sql)) {
            return;
        }
        const parsed = parseSql(sql);
        if (!("nodes" in parsed)) {
            return;
        }
        const context: Context = {
            path: searchPath,
            place: (location) => ({ file, line: line + linesBefore(sql, location) }),
            sql,
            values: new Map(),
        };
        await this.read(
            context,
            (reader) => {
                for (const node of parsed.nodes) {
                    readStatement(reader, node);
                }
            },
            catalog,
        );
    }

    /**
     * At the end: the bodies of routines, which nothing may have called, with the catalogs as they are then.
     *
     * @param tells whether a routine can tell anything, by its definition and the names of the tables that it is a trigger of.
     */
    async observeBodies(tells: (definition: string) => boolean = () => true): Promise<void> {
        const written = (await writtenRoutines(this.query)).filter(({ routine: { source }, triggerOn }) => {
            const on = triggerOn.map(({ schema, name }) => `${schema} ${name}`);
            return (
                source !== undefined && this.concerns(source.body) && tells([source.sql, source.body, ...on].join("\n"))
            );
        });
        if (written.length === 0) {
            return;
        }
        const [first] = this.knowledge.imports.list;
        const otherwise = first === undefined ? { file: "", line: 1 } : { file: first.file, line: first.line };
        const context: Context = {
            path: await currentPath(this.query),
            place: () => otherwise,
            sql: "",
            values: new Map(),
        };
        await this.read(context, (reader) => {
            for (const { routine, triggerOn } of written) {
                const at = this.knowledge.sources.find(routine.source?.body ?? "", otherwise);
                const records = triggerOn.flatMap((name) => reader.relation(name, at(0)) ?? []).map(changedRows);
                for (const rows of records.length === 0 ? [new Map()] : records) {
                    readRoutine(reader, routine, rows, at, readStatement);
                }
            }
        });
    }

    /** What is known now. It may be asked at any time; what is observed later can change all of it. */
    settle(): Settled {
        return settle(this.knowledge, this.address);
    }

    /** Can a text tell anything? Without an import only calls of dblink do. */
    private concerns(sql: string): boolean {
        return this.knowledge.expects || /dblink/i.test(sql);
    }

    /** Goes through something until all names that it asks for are loaded, and then for good. */
    private async read(
        context: Context,
        work: (reader: Reader) => void,
        catalog = new Catalog(this.query, this.replies),
    ): Promise<void> {
        for (let round = 0; round < MAX_ROUNDS; round += 1) {
            work(new Reader(this.knowledge.trial(), catalog, context));
            if (!(await catalog.load())) {
                break;
            }
        }
        work(new Reader(this.knowledge, catalog, context));
    }
}
