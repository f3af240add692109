import { createHash } from "node:crypto";
import { InputError } from "./errors";
import { dollarQuote, quoteIdent, quoteLiteral } from "./quote";
import { seedStatements } from "./seed";
import { splitSeed } from "./seed-file";
import { type Statement, splitDdl } from "./statements";
import type { StubDatabase } from "./stubs";
import { tableStatement } from "./table";

/** Folder in the container for the scripts of stubs. */
export const SCRIPTS_PATH = "/fdw-stub/stubs";

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
    /** The control file. It is among what the container starts with, and does not change with the tables. */
    readonly control: { readonly name: string; readonly content: string };
    /** The script of this version. It comes to a server that may have run for long. */
    readonly script: { readonly name: string; readonly content: string };
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

function grants({ users, open }: StubDatabase): string {
    const grantees = [...users.map(quoteIdent), ...(open ? ["PUBLIC"] : [])];
    if (grantees.length === 0) {
        return "";
    }
    const to = grantees.join(", ");
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

/** Roles that a session's own secret opens have that secret: the one of whoever sets the stack up. */
function secrets({ passedThrough }: StubDatabase): string {
    const roles = passedThrough.map(
        (role) => `    IF ${quoteLiteral(role)} <> current_user THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', ${quoteLiteral(role)},
            (SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = current_user));
    END IF;`,
    );
    return roles.length === 0 ? "" : `DO ${dollarQuote(`\nBEGIN\n${roles.join("\n")}\nEND\n`, "secrets")};`;
}

/** Extensions that have a schema of their own; one that cannot be moved stays where its author put it. */
function moves({ extensions }: StubDatabase, created: readonly string[]): Statement[] {
    const moved = extensions.flatMap(({ name, schema }) => (schema === undefined ? [] : [{ name, schema }]));
    const schemas = [...new Set(moved.map(({ schema }) => schema))].filter(
        (schema) => !["public", "pg_catalog", ...created].includes(schema),
    );
    return [
        ...schemas.map((schema) => ({
            sql: `CREATE SCHEMA ${quoteIdent(schema)}`,
            at: `schema ${JSON.stringify(schema)}`,
        })),
        ...moved.map(({ name, schema }) => ({
            sql: `DO ${dollarQuote(
                `BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = ${quoteLiteral(name)} AND extrelocatable
               AND extnamespace <> ${quoteLiteral(quoteIdent(schema))}::regnamespace) THEN
        ALTER EXTENSION ${quoteIdent(name)} SET SCHEMA ${quoteIdent(schema)};
    END IF;
END`,
                "move",
            )}`,
            at: `extension ${JSON.stringify(name)}`,
        })),
        // CREATE EXTENSION set the path to where they were.
        ...(moved.length === 0
            ? []
            : [
                  {
                      sql: `SET LOCAL search_path TO ${["public", ...new Set(moved.map(({ schema }) => schema))].map(quoteIdent).join(", ")}`,
                      at: "search_path",
                  },
              ]),
    ];
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
    const seeded = await Promise.all(stub.seed.map(splitSeed));
    const ddl = split.flatMap((s) => s.statements);
    const requires = [
        ...new Set([...stub.extensions.map(({ name }) => name), ...[...split, ...seeded].flatMap((s) => s.extensions)]),
    ].filter(
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
    const files = seeded.flatMap((s) => s.statements);
    const made = split.flatMap((s) => s.schemas);
    const moved = moves(stub, made);
    const schemas = missingSchemas(stub, [...made, ...stub.extensions.flatMap(({ schema = "public" }) => schema)]);
    // An empty one: what a stub's tables hold is not replicated.
    const publications = stub.publications.map((name) => ({
        sql: `CREATE PUBLICATION ${quoteIdent(name)}`,
        at: `publication ${JSON.stringify(name)}`,
    }));
    return { requires, statements: [...moved, ...schemas, ...ddl, ...tables, ...seeds, ...files, ...publications] };
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
    const sql = `${[...blocks, grants(stub), secrets(stub)].filter((part) => part !== "").join("\n\n")}\n`;
    const name = extensionName(stub.database);
    const version = createHash("sha256").update(requires.join()).update("\0").update(sql).digest("hex").slice(0, 16);
    const optional = stub.extensions.filter((one) => one.optional === true && requires.includes(one.name));
    const control = [
        // Read by the entrypoint: those that the image lacks are no longer required.
        ...optional.map(({ name }) => `# optional: ${name}`),
        `comment = 'stub of an upstream database'`,
        `directory = '${SCRIPTS_PATH}'`,
        "relocatable = false",
        "superuser = true",
        ...(requires.length > 0 ? [`requires = '${requires.join(", ")}'`] : []),
    ];
    return {
        database: stub.database,
        name,
        version,
        control: { name: `${name}.control`, content: `${control.join("\n")}\n` },
        script: { name: `${name}--${version}.sql`, content: sql },
        size: statements.length,
    };
}
