import { createHash } from "node:crypto";
import { InputError } from "./errors";
import { dollarQuote, quoteIdent, quoteLiteral } from "./quote";
import { seedStatements } from "./seed";
import { type Statement, splitDdl } from "./statements";
import type { StubDatabase } from "./stubs";
import { tableStatement } from "./table";

/**
 * The stub of one database as a PostgreSQL extension: the only way to bring many objects into a database with
 * one resource of the PostgreSQL provider, and in one transaction, so that a stub is whole or absent.
 */
export interface StubExtension {
    readonly database: string;
    /** Name of the extension, unique in the cluster's share directory. */
    readonly name: string;
    /** Hash of the script, so that a running stub can be told from an outdated one. */
    readonly version: string;
    /** The files of the extension, by file name. */
    readonly files: Readonly<Record<string, string>>;
    /** Number of statements: an upper bound for what its transaction locks grows with it. */
    readonly size: number;
}

/** The name of a database's stub extension: readable where the database's name allows it, and always unique. */
export function extensionName(database: string): string {
    const readable = database
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, "_")
        .slice(0, 30);
    return `fdw_stub_${readable}_${createHash("sha256").update(database).digest("hex").slice(0, 8)}`;
}

/** Statements in one block: its text is compiled whole, so an endless one would cost memory out of proportion. */
const BLOCK = 1000;

/**
 * Runs statements one by one and, when one fails, says which: the server's message alone would name neither file
 * nor line. `current` keeps its value in the handler because variables are not rolled back. The statements stand in
 * an array: written out one after the other, each would be a cached plan that every CREATE TABLE has to look at.
 */
function block(statements: readonly Statement[]): string {
    const list = (texts: readonly string[]) => texts.join(",\n");
    return `DO ${dollarQuote(
        `
DECLARE
    statements text[] := ARRAY[
${list(statements.map(({ sql }) => dollarQuote(sql)))}];
    places text[] := ARRAY[
${list(statements.map(({ at }) => quoteLiteral(at)))}];
    current int;
    details text;
    hints text;
BEGIN
    FOR i IN 1 .. array_length(statements, 1) LOOP
        current := i;
        EXECUTE statements[i];
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS details = PG_EXCEPTION_DETAIL, hints = PG_EXCEPTION_HINT;
    RAISE EXCEPTION USING
        ERRCODE = SQLSTATE,
        MESSAGE = places[current] || ': ' || SQLERRM
            || concat(' (' || nullif(details, '') || ')', ' Hint: ' || nullif(hints, ''))
            || '. The statement: ' || left(statements[current], 300);
END
`,
        "stub",
    )};`;
}

function grants(users: readonly string[]): string {
    if (users.length === 0) {
        return "";
    }
    const to = users.map(quoteIdent).join(", ");
    return `DO ${dollarQuote(
        `
DECLARE
    schema name;
BEGIN
    FOR schema IN SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    LOOP
        EXECUTE format(${quoteLiteral(`GRANT ALL ON SCHEMA %I TO ${to.replaceAll("%", "%%")}`)}, schema);
        EXECUTE format(${quoteLiteral(`GRANT ALL ON ALL TABLES IN SCHEMA %I TO ${to.replaceAll("%", "%%")}`)}, schema);
        EXECUTE format(${quoteLiteral(`GRANT ALL ON ALL SEQUENCES IN SCHEMA %I TO ${to.replaceAll("%", "%%")}`)}, schema);
        EXECUTE format(${quoteLiteral(`GRANT ALL ON ALL ROUTINES IN SCHEMA %I TO ${to.replaceAll("%", "%%")}`)}, schema);
    END LOOP;
END
`,
        "grants",
    )};`;
}

/** Schemas of declared tables that no DDL creates. Not IF NOT EXISTS: inside an extension that refuses foreign ones. */
function missingSchemas(stub: StubDatabase, created: readonly string[]): Statement[] {
    return [...new Set(stub.tables.map((t) => t.schema))]
        .filter((name) => name !== "public" && !created.includes(name))
        .map((name) => ({ sql: `CREATE SCHEMA ${quoteIdent(name)}`, at: `schema ${JSON.stringify(name)}` }));
}

/** What makes the content of one stub database, in order. */
export interface StubStatements {
    /** Extensions that come first. */
    readonly requires: readonly string[];
    readonly statements: readonly Statement[];
}

/**
 * Works out the statements of one stub database.
 *
 * @throws InputError for DDL and types that PostgreSQL's parser refuses, with file and line.
 */
export async function stubStatements(stub: StubDatabase): Promise<StubStatements> {
    const split = await Promise.all(stub.ddl.map(splitDdl));
    const ddl = split.flatMap((s) => s.statements);
    const requires = [...new Set([...stub.extensions, ...split.flatMap((s) => s.extensions)])].filter(
        // Every database has it from the start, and it is what the script itself is written in.
        (name) => name !== "plpgsql",
    );
    const odd = requires.find((name) => !/^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(name));
    if (odd !== undefined) {
        throw new InputError(
            `The extension ${JSON.stringify(odd)} of the upstream database ${JSON.stringify(stub.database)} is no name of an extension; allowed are letters, digits, "_" and "-".`,
        );
    }
    const tables = await Promise.all(stub.tables.map((table) => tableStatement(table, table.at)));
    const seeds = stub.tables.flatMap((table) => seedStatements(table).map((sql) => ({ sql, at: `${table.at}.rows` })));
    const schemas = missingSchemas(
        stub,
        split.flatMap((s) => s.schemas),
    );
    return { requires, statements: [...schemas, ...ddl, ...tables, ...seeds] };
}

/**
 * Writes the extension of one stub database.
 *
 * @throws InputError for DDL and types that PostgreSQL's parser refuses, with file and line.
 */
export async function stubExtension(stub: StubDatabase): Promise<StubExtension> {
    const { requires, statements } = await stubStatements(stub);
    const blocks: string[] = [];
    for (let i = 0; i < statements.length; i += BLOCK) {
        blocks.push(block(statements.slice(i, i + BLOCK)));
    }
    const sql = `${[...blocks, grants(stub.users)].filter((part) => part !== "").join("\n\n")}\n`;
    const name = extensionName(stub.database);
    const version = createHash("sha256").update(requires.join()).update("\0").update(sql).digest("hex").slice(0, 16);
    const control = [
        `comment = 'stub of an upstream database'`,
        `default_version = '${version}'`,
        "relocatable = false",
        "superuser = true",
        ...(requires.length > 0 ? [`requires = '${requires.join(", ")}'`] : []),
    ];
    return {
        database: stub.database,
        name,
        version,
        files: { [`${name}.control`]: `${control.join("\n")}\n`, [`${name}--${version}.sql`]: sql },
        size: statements.length,
    };
}
