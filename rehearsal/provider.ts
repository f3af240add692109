/** Tables that imports and dblink name: made at their stubs as far as their use tells, and brought to where they are used. */

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

export class Provider {
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
        let changed = false;
        for (const table of tables) {
            for (const database of this.stubsOfUsed(table)) {
                if (database === this.devDatabase || this.isSettled(database)) {
                    continue;
                }
                changed = (await this.provideAt(database, table, final)) || changed;
            }
            if (typeof table.server === "string" && !final && !this.isFrozen(table)) {
                for (const local of table.locals) {
                    changed = (await this.bring(session, table.server, local, table)) || changed;
                }
            }
        }
        return changed;
    }

    /** Whether something else than the schema's use of it fills a stub. */
    private isSettled(database: string): boolean {
        return this.knowledge.scripted.has(database) || this.knowledge.frozen.has(database);
    }

    private isFrozen(table: UsedTable): boolean {
        return this.stubsOfUsed(table).some((database) => this.knowledge.frozen.has(database));
    }

    private stubsOfUsed({ server }: UsedTable): string[] {
        const { facts, knowledge } = this;
        if (typeof server === "string") {
            return databasesOfServer(facts, server, plainNames(knowledge));
        }
        const options = parseConninfo(server.conninfo);
        return options === undefined ? [] : databasesOf(options, {}, plainNames(knowledge));
    }

    private async provideAt(database: string, table: UsedTable, final: boolean): Promise<boolean> {
        await this.cluster.database(database);
        const stub = await this.cluster.in(database);
        const name = quoteQualified(table.schema, table.name);
        const there = (await tablesOf(stub)).find((each) => each.schema === table.schema && each.name === table.name);
        // What the user tells of a table stays; the other columns that the schema asks of it are added.
        const given = this.given
            .get(database)
            ?.find((each) => each.schema === table.schema && each.name === table.name);
        const told = new Set(given?.columns.map((column) => column.name));
        // What an import brought is as it is at the stub; it declares nothing.
        const imported = new Set([table.local, ...table.locals.map(({ schema, name }) => `${schema}.${name}`)]);
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
        const stoodIn = there?.columns.some(({ name }) => name === UNKNOWN_COLUMN);
        const needed = told.has(UNKNOWN_COLUMN) || table.columns.some((column) => column.name === UNKNOWN_COLUMN);
        if (final && stoodIn === true && !needed) {
            statements.push(`ALTER TABLE ${name} DROP COLUMN ${UNKNOWN_COLUMN}`);
        }
        let changed = false;
        for (const sql of statements) {
            // A view that the user's own DDL makes cannot be given a column.
            changed = (await stub.query(sql)).error === undefined || changed;
        }
        return changed;
    }

    /** Imports a table that is not here yet, or gives it the columns that it lacks here. */
    private async bring(
        session: Session,
        server: string,
        { schema, name }: LocalName,
        table: UsedTable,
    ): Promise<boolean> {
        const found = await rowsOf(
            session,
            `SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass(${quoteLiteral(quoteQualified(schema, name))}) AND NOT attisdropped`,
        );
        const execute = (sql: string) =>
            runStatement(session, {
                sql: `SELECT pg_fdw_stub_rehearsal.execute(${quoteLiteral(sql)})`,
                words: ["SELECT"],
            });
        if (found.length === 0) {
            const { error } = await execute(
                `IMPORT FOREIGN SCHEMA ${quoteIdent(table.schema)} LIMIT TO (${quoteIdent(table.name)}) FROM SERVER ${quoteIdent(server)} INTO ${quoteIdent(schema)}`,
            );
            return error === undefined;
        }
        const missing = table.columns.filter((column) => !found.some(([known]) => known === column.name));
        for (const column of missing) {
            await execute(
                `ALTER FOREIGN TABLE ${quoteQualified(schema, name)} ADD COLUMN ${quoteIdent(column.name)} ${column.type} OPTIONS (column_name ${quoteLiteral(column.name)})`,
            );
        }
        return missing.length > 0;
    }
}

async function rowsOf(session: Session, sql: string): Promise<ReadonlyArray<ReadonlyArray<string | null>>> {
    const ran = await runStatement(session, { sql, words: ["SELECT"] });
    return ran.results.at(-1)?.rows ?? [];
}
