/** A gathered stub as an upstream, and where its parts come from. */

import type { Ddl, Table, Upstream, User } from "../../upstreams/model";
import { quoteIdent } from "../../upstreams/quote";
import type { ColumnOrigin, TableOrigin, UpstreamOrigin, UserOrigin } from "../report";
import { compare, type Stub, sortedTables } from "./stub";

/** @param schemas Where the schema put its own extensions, by name. */
export function upstreamOf(stub: Stub, schemas: ReadonlyMap<string, string>): Upstream {
    const users: User[] = [...stub.users]
        .sort(([a], [b]) => compare(a, b))
        .map(([name, { password, created, trusted }]) => ({
            name,
            ...(password === undefined ? {} : { password }),
            ...(created === undefined ? {} : { created }),
            ...(trusted === undefined ? {} : { trusted }),
        }));
    const tables: Table[] = sortedTables(stub).map((table) => ({
        schema: table.schema,
        name: table.name,
        columns: [...table.columns.values()].map(({ name, type }) => ({ name, type })),
        rows: [],
    }));
    const given = stub.givenTypes?.ddl() ?? [];
    const ddl = [...given, ...stub.types.ddl().filter(({ sql }) => !given.some((other) => sameObject(other.sql, sql)))];
    const typed = new Set([...(stub.givenTypes?.extensions ?? []), ...stub.types.extensions]);
    const extensions = [...new Set([...stub.extensions, ...typed])].sort(compare).map((name) => {
        const schema = schemas.get(name);
        return {
            name,
            ...(schema === undefined || schema === "public" || !stub.extensions.has(name) ? {} : { schema }),
            ...(typed.has(name) ? {} : { optional: true }),
        };
    });
    return {
        host: stub.host,
        ...(stub.hostaddr === undefined ? {} : { hostaddr: stub.hostaddr }),
        port: stub.port,
        database: stub.database,
        ...(stub.connections.length === 0 ? {} : { connections: stub.connections }),
        users,
        extensions,
        ddl: [...(stub.open ? openDdl(stub) : []), ...emptySchemas(stub), ...ddl],
        tables,
    };
}

/** The schema creates the role later, so the stub's tables are open to everybody. */
function openDdl(stub: Stub): Ddl[] {
    const place = stub.servers[0]?.place ?? { file: "schema", line: 1 };
    return [
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC;",
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;",
    ].map((sql) => ({ origin: place.file, line: place.line, sql }));
}

/** Schemas of which nothing is known but that they are imported; a table's schema comes with it. */
function emptySchemas(stub: Stub): Ddl[] {
    const filled = new Set([...stub.tables.values()].map(({ schema }) => schema));
    return [...stub.schemas]
        .filter(([name]) => name !== "public" && !filled.has(name))
        .sort(([a], [b]) => compare(a, b))
        .map(([name, place]) => ({
            origin: place.file,
            line: place.line,
            sql: `CREATE SCHEMA IF NOT EXISTS ${quoteIdent(name)};`,
        }));
}

function sameObject(a: string, b: string): boolean {
    const head = (sql: string) => sql.replace(/\s+(?:AS\b.*)?$/s, "").split(" AS ")[0];
    return head(a) === head(b);
}

export function originOf(stub: Stub): UpstreamOrigin {
    return {
        host: stub.host,
        port: stub.port,
        database: stub.database,
        servers: stub.servers,
        users: [...stub.users]
            .sort(([a], [b]) => compare(a, b))
            .map(([name, { roles, place }]): UserOrigin => ({ name, roles: [...roles], place })),
        tables: sortedTables(stub).map(
            (table): TableOrigin => ({
                schema: table.schema,
                name: table.name,
                place: table.place,
                ...(table.local === undefined ? {} : { local: table.local }),
                columns: [...table.columns.values()].map(
                    ({ name, type, certainty, place, reason }): ColumnOrigin => ({
                        name,
                        type,
                        certainty,
                        place,
                        ...(reason === undefined ? {} : { reason }),
                    }),
                ),
            }),
        ),
    };
}
