/** Tables that imports and dblink name: made at their stubs as far as their use tells, and brought to where they are used. */

import * as z from "zod";
import { UNKNOWN_COLUMN, type UsedTable } from "../schema/usage/settle";
import type { LocalName } from "../schema/usage/unknowns";
import { parseConninfo } from "../upstreams/conninfo";
import { quoteIdent, quoteLiteral, quoteQualified } from "../upstreams/quote";
import type { Cluster } from "./cluster";
import type { Facts } from "./facts";
import { type Knowledge, plainNames } from "./knowledge";
import { runStatement } from "./running";
import { databasesOf, databasesOfServer } from "./servers";
import type { Session } from "./session";
import { type StubTable, tablesOf } from "./stubs";

const columnNames = z.array(z.string());

export class Provider {
    /** The columns of each table as it was provided last. */
    private readonly provided = new Map<string, string>();

    constructor(
        private readonly cluster: Cluster,
        private readonly knowledge: Knowledge,
        private readonly facts: Facts,
        private readonly devDatabase: string,
        /** Tables that the user's own declaration makes, by database: their columns stay as they are. */
        private readonly given: ReadonlyMap<string, readonly StubTable[]>,
    ) {}

    /**
     * Makes the tables that imports and dblink name, as far as they are known by now, at their stubs, and brings them here.
     *
     * @param final The types are what all statements tell together: they replace those that one of them told.
     * @returns whether anything was missing.
     */
    async provide(tables: readonly UsedTable[], session: Session, final: boolean): Promise<boolean> {
        // What a rollback has taken away is missing again, whatever was provided.
        const here = final ? new Map<string, ReadonlySet<string>>() : await localColumns(session, tables);
        const news = tables.filter(
            (table) =>
                final ||
                this.provided.get(markOf(table)) !== JSON.stringify(table) ||
                table.locals.some((local) =>
                    table.columns.some(({ name }) => here.get(nameOf(local))?.has(name) !== true),
                ),
        );
        let changed = false;
        for (const [database, wanted] of this.byStub(news)) {
            changed = (await this.provideAt(database, wanted, final)) || changed;
        }
        for (const table of final ? [] : news) {
            for (const local of typeof table.server === "string" && !this.isFrozen(table) ? table.locals : []) {
                changed = (await this.bring(session, local, table, here.get(nameOf(local)))) || changed;
            }
            this.provided.set(markOf(table), JSON.stringify(table));
        }
        return changed;
    }

    /** The stubs that tables belong to. */
    private byStub(tables: readonly UsedTable[]): Map<string, UsedTable[]> {
        const found = new Map<string, UsedTable[]>();
        for (const table of tables) {
            for (const database of this.stubsOfUsed(table)) {
                if (database !== this.devDatabase && !this.isSettled(database)) {
                    found.set(database, [...(found.get(database) ?? []), table]);
                }
            }
        }
        return found;
    }

    /** Whether something else than the schema's use of it fills a stub. */
    private isSettled(database: string): boolean {
        return this.knowledge.scripted.has(database) || this.knowledge.frozen.has(database);
    }

    private isFrozen(table: UsedTable): boolean {
        const { frozen } = this.knowledge;
        return frozen.size > 0 && this.stubsOfUsed(table).some((database) => frozen.has(database));
    }

    private stubsOfUsed({ server }: UsedTable): string[] {
        const { facts, knowledge } = this;
        if (typeof server === "string") {
            return databasesOfServer(facts, server, plainNames(knowledge));
        }
        const options = parseConninfo(server.conninfo);
        return options === undefined ? [] : databasesOf(options, {}, plainNames(knowledge));
    }

    private async provideAt(database: string, tables: readonly UsedTable[], final: boolean): Promise<boolean> {
        await this.cluster.database(database);
        const stub = await this.cluster.in(database);
        const there = await tablesOf(stub, tables);
        const statements = tables.flatMap((table) => {
            const same = (each: StubTable) => each.schema === table.schema && each.name === table.name;
            return this.changes(table, there.find(same), this.given.get(database)?.find(same), final);
        });
        if (statements.length === 0 || (await stub.query(statements.join(";\n"))).error === undefined) {
            return statements.length > 0;
        }
        let changed = false;
        for (const sql of statements) {
            // A view that the user's own DDL makes cannot be given a column.
            changed = (await stub.query(sql)).error === undefined || changed;
        }
        return changed;
    }

    /**
     * What makes a stub's table as it is known to be. What the user tells of it stays; the other columns that the schema
     * asks of it are added.
     */
    private changes(
        table: UsedTable,
        there: StubTable | undefined,
        given: StubTable | undefined,
        final: boolean,
    ): string[] {
        const told = new Set(given?.columns.map((column) => column.name));
        const name = quoteQualified(table.schema, table.name);
        // What an import brought is as it is at the stub; it declares nothing.
        const imported = new Set([table.local, ...table.locals.map((local) => `${local.schema}.${local.name}`)]);
        const declared = new Set(
            this.facts.tables
                .filter(({ remoteSchema, remoteName }) => remoteSchema === table.schema && remoteName === table.name)
                .filter(({ local }) => !imported.has(local))
                .flatMap(({ columns }) => columns.map((column) => column.name)),
        );
        const statements: string[] = [];
        if (there === undefined) {
            statements.push(`CREATE SCHEMA IF NOT EXISTS ${quoteIdent(table.schema)}`, `CREATE TABLE ${name} ()`);
        }
        for (const column of table.columns) {
            const known = there?.columns.find((each) => each.name === column.name);
            if (known === undefined) {
                statements.push(`ALTER TABLE ${name} ADD COLUMN ${quoteIdent(column.name)} ${column.type}`);
            } else if (final && known.type !== column.type && !declared.has(column.name) && !told.has(column.name)) {
                statements.push(
                    `ALTER TABLE ${name} ALTER COLUMN ${quoteIdent(column.name)} TYPE ${column.type} USING NULL`,
                );
            }
        }
        const stoodIn = there?.columns.some((column) => column.name === UNKNOWN_COLUMN);
        const needed = told.has(UNKNOWN_COLUMN) || table.columns.some((column) => column.name === UNKNOWN_COLUMN);
        if (final && stoodIn === true && !needed) {
            statements.push(`ALTER TABLE ${name} DROP COLUMN ${UNKNOWN_COLUMN}`);
        }
        return statements;
    }

    /** Imports a table that is not here yet, or gives it the columns that it lacks here. */
    private async bring(
        session: Session,
        { schema, name }: LocalName,
        { server, schema: remoteSchema, name: remoteName, columns }: UsedTable,
        here: ReadonlySet<string> | undefined,
    ): Promise<boolean> {
        const execute = (sql: string) =>
            runStatement(session, {
                sql: `SELECT pg_fdw_stub_rehearsal.execute(${quoteLiteral(sql)})`,
                words: ["SELECT"],
            });
        if (here === undefined) {
            const { error } = await execute(
                `IMPORT FOREIGN SCHEMA ${quoteIdent(remoteSchema)} LIMIT TO (${quoteIdent(remoteName)}) FROM SERVER ${quoteIdent(String(server))} INTO ${quoteIdent(schema)}`,
            );
            return error === undefined;
        }
        const missing = columns.filter((column) => !here.has(column.name));
        for (const column of missing) {
            await execute(
                `ALTER FOREIGN TABLE ${quoteQualified(schema, name)} ADD COLUMN ${quoteIdent(column.name)} ${column.type} OPTIONS (column_name ${quoteLiteral(column.name)})`,
            );
        }
        return missing.length > 0;
    }
}

const nameOf = ({ schema, name }: LocalName) => quoteQualified(schema, name);
const markOf = ({ server, schema, name }: UsedTable) => JSON.stringify([server, schema, name]);

/** The columns of the local tables that are there, by their names as they are quoted. */
async function localColumns(
    session: Session,
    tables: readonly UsedTable[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const names = tables.flatMap(({ locals }) => locals.map((local) => quoteLiteral(nameOf(local))));
    if (names.length === 0) {
        return new Map();
    }
    const ran = await runStatement(session, {
        sql: `SELECT w, pg_catalog.json_agg(attname) FROM pg_catalog.unnest(ARRAY[${names.join(", ")}]) w JOIN pg_catalog.pg_attribute ON attrelid = pg_catalog.to_regclass(w) AND NOT attisdropped GROUP BY w`,
        words: ["SELECT"],
    });
    const rows = ran.results.at(-1)?.rows ?? [];
    return new Map(
        rows.map(([name, columns]) => [name ?? "", new Set(columnNames.parse(JSON.parse(columns ?? "[]")))]),
    );
}
