/** Our own SQL extension for fresh databases, as files for a server's `extension` folder. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ddl } from "../upstreams/model";

/** Name of the extension, of its schema and, unless told otherwise, of the maintenance database that it lives in. */
export const EXTENSION_NAME = "fdw_stub";
export const EXTENSION_VERSION = "1.0";

/** A file for `$(pg_config --sharedir)/extension`. */
export interface ExtensionFile {
    /** File name without a folder. */
    readonly name: string;
    readonly content: string;
}

/** How fresh databases are kept. What is left out has the extension's own default. */
export interface FreshSettings {
    /** Databases prepared ahead, 0 to 1000 (default 8). Each takes some 8 MB of disk and 30 ms of one processor. */
    readonly stock?: number;
    /** What the stock may grow to by the misses of the last hour, 0 to 1000 (default 64). */
    readonly stockMax?: number;
    /** Unused leftovers that stay, 0 to 1000 (default 5). */
    readonly kept?: number;
    /** Age in seconds at which a database goes even when somebody is connected (default 3600). */
    readonly maxAgeSeconds?: number;
    /** Seconds for which a database that nobody has connected to yet is left alone (default 30). */
    readonly graceSeconds?: number;
    /** The plain dev database, the only one that `fdw_stub.reset()` may replace. */
    readonly devDatabase?: string;
    /** Roles that belong to the stack, even those that are made after the extension. */
    readonly roles?: readonly string[];
    /** SQL that every fresh database starts from, in order. An error names `origin` and `line`. */
    readonly baseline?: readonly Ddl[];
}

/**
 * Settings that the server must or should run with, as for `postgres -c name=value`.
 *
 * With `fsync` on, each FILE_COPY and each DROP DATABASE waits until every file written since the last checkpoint is
 * on disk: some 300 files for each database, which is seconds on a slow disk. With it off there is nothing to wait for.
 */
export const SERVER_SETTINGS: Readonly<Record<string, string>> = {
    fsync: "off",
    full_page_writes: "off",
    synchronous_commit: "off",
    // What a command that was killed has begun ends with it, and is in no other's way.
    client_connection_check_interval: "500ms",
    // 50 commands with some connections each, and a helper session for each caller that finds the stock empty.
    max_connections: "300",
    // A prepared database is 5 MB of WAL, and every DROP DATABASE is a checkpoint: no log lines about either.
    max_wal_size: "2GB",
    log_checkpoints: "off",
    checkpoint_warning: "0",
};

/**
 * A `pg_hba.conf` line that must stand first: sessions of the extension come back through the Unix socket as the user
 * who called, without a password.
 */
export const HBA_LINE = "local all all trust";

const SCRIPT = `${EXTENSION_NAME}--${EXTENSION_VERSION}.sql`;

function wholeNumber(name: string, value: number, least: number): string {
    if (!Number.isSafeInteger(value) || value < least || value > 2_000_000_000) {
        throw new Error(`${name} is ${value}; it must be a whole number, at least ${least}.`);
    }
    return String(value);
}

function small(name: string, value: number): string {
    if (value > 1000) {
        throw new Error(`${name} is ${value}; it must be at most 1000: each database takes some 8 MB of disk.`);
    }
    return wholeNumber(name, value, 0);
}

/** Text as an expression of letters and digits: PostgreSQL replaces words such as @extschema@ in extension scripts. */
function opaque(text: string): string {
    return `pg_catalog.convert_from(pg_catalog.decode('${Buffer.from(text).toString("base64")}', 'base64'), 'UTF8')`;
}

/** The statements that follow the extension's own script. */
export function settingStatements(settings: FreshSettings): string[] {
    const given: Array<readonly [string, string]> = [];
    const { stock, stockMax, kept, maxAgeSeconds, graceSeconds, devDatabase, roles = [], baseline = [] } = settings;
    if (stock !== undefined) {
        given.push(["stock", small("stock", stock)]);
    }
    if (stockMax !== undefined) {
        given.push(["stock_max", small("stockMax", stockMax)]);
    }
    if (kept !== undefined) {
        given.push(["kept", small("kept", kept)]);
    }
    if (maxAgeSeconds !== undefined) {
        given.push(["max_age", `interval '${wholeNumber("maxAgeSeconds", maxAgeSeconds, 1)} seconds'`]);
    }
    if (graceSeconds !== undefined) {
        given.push(["grace", `interval '${wholeNumber("graceSeconds", graceSeconds, 1)} seconds'`]);
    }
    if (devDatabase !== undefined) {
        given.push(["dev_database", opaque(devDatabase)]);
    }
    const statements: string[] = [];
    if (given.length > 0) {
        statements.push(
            `SELECT ${EXTENSION_NAME}.configure(${given.map(([name, value]) => `${name} => ${value}`).join(", ")});`,
        );
    }
    if (baseline.length > 0) {
        const pieces = baseline.map(({ origin, line, sql }) => ({ origin, line, sql }));
        statements.push(`SELECT ${EXTENSION_NAME}.set_baseline(${opaque(JSON.stringify(pieces))}::pg_catalog.jsonb);`);
    }
    if (roles.length > 0) {
        statements.push(`SELECT ${EXTENSION_NAME}.keep_roles(${roles.map(opaque).join(", ")});`);
    }
    return statements;
}

/**
 * The extension's files. `CREATE EXTENSION fdw_stub CASCADE` applies the settings too, since nothing else in a Pulumi
 * program can run SQL; a baseline that does not run makes it fail with the place of the error.
 *
 * @throws when a setting is out of range.
 */
export function extensionFiles(settings: FreshSettings = {}): ExtensionFile[] {
    const read = (name: string) => readFileSync(join(__dirname, "..", "sql", name), "utf8");
    const control = `${EXTENSION_NAME}.control`;
    return [
        { name: control, content: read(control) },
        { name: SCRIPT, content: [read(SCRIPT).trimEnd(), ...settingStatements(settings), ""].join("\n") },
    ];
}

/** For the `query` of `data "sql"` in atlas.hcl. */
export const ATLAS_QUERIES = {
    /** An empty database. */
    fresh: `SELECT ${EXTENSION_NAME}.fresh_database()`,
    /** The desired schema, and an empty database; takes the text of one file. */
    planOfText: `SELECT ${EXTENSION_NAME}.plan_databases($1)`,
    /** The same; takes JSON: `[{"origin": file, "sql": text}, …]`. */
    planOfFiles: `SELECT ${EXTENSION_NAME}.plan_databases($1::jsonb)`,
} as const;
