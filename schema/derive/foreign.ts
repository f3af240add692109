/** Wrappers, servers, user mappings and IMPORT FOREIGN SCHEMA. */

import type {
    AlterForeignServerStmt,
    AlterUserMappingStmt,
    CreateFdwStmt,
    CreateForeignServerStmt,
    CreateUserMappingStmt,
    DropUserMappingStmt,
    ImportForeignSchemaStmt,
    RoleSpec,
} from "libpg-query";
import { defElems, defText, optionsOf, rangeName } from "../parse/ast";
import { applyOptions } from "./alter";
import { type Import, key } from "./catalog";
import { type Database, placeOf, type Site } from "./database";
import { checkOptionKeys } from "./tables";

/** What libpq and postgres_fdw accept on a server or a mapping. */
const CONNECTION_OPTIONS: ReadonlySet<string> = new Set(
    "host hostaddr port dbname user password passfile service servicefile sslmode sslcert sslkey sslrootcert sslcrl sslpassword requiressl sslcompression connect_timeout application_name fallback_application_name client_encoding keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout options target_session_attrs gssencmode gsslib krbsrvname channel_binding require_auth load_balance_hosts ssl_min_protocol_version ssl_max_protocol_version sslnegotiation replication use_remote_estimate fdw_startup_cost fdw_tuple_cost fetch_size batch_size updatable truncatable async_capable extensions parallel_commit parallel_abort keep_connections analyze_sampling password_required use_scram_passthrough".split(
        " ",
    ),
);

export function createWrapper(db: Database, site: Site, statement: CreateFdwStmt): void {
    const options = defElems(statement.func_options);
    const own = (name: string) =>
        defText(options.find(({ defname }) => defname === name)?.arg)
            ?.split(".")
            .at(-1);
    const [handler, validator] = [own("handler"), own("validator")];
    const name = statement.fdwname ?? "";
    db.foreignObjects += 1;
    db.catalog.wrappers.set(name, {
        name,
        place: placeOf(site),
        ...(handler === undefined ? {} : { handler }),
        ...(validator === undefined ? {} : { validator }),
    });
}

export function createServer(db: Database, site: Site, statement: CreateForeignServerStmt): void {
    const name = statement.servername ?? "";
    db.substance += 1;
    db.foreignObjects += 1;
    const before = db.catalog.servers.get(name);
    if (before !== undefined) {
        if (statement.if_not_exists === true || site.guarded === true) {
            return;
        }
        db.findings.add(
            "warning",
            "already-exists",
            `Server ${name} exists already (line ${before.place.line} of ${before.place.file}); PostgreSQL refuses this statement. Both are satisfied.`,
            placeOf(site),
        );
        claimServer(db, name, site);
    }
    const server = {
        name,
        wrapper: statement.fdwname ?? "",
        options: new Map<string, string>(),
        place: placeOf(site),
        version: db.shared.next(),
    };
    applyOptions(server.options, statement.options);
    db.catalog.servers.set(name, server);
    if (db.kindOf(server).kind === "postgres") {
        checkOptionKeys(db, site, statement.options, CONNECTION_OPTIONS, `server ${name}`);
    }
}

/** Keeps what is there of a server as needed, before it is replaced. */
function claimServer(db: Database, name: string, site: Site): void {
    const needed = db.serverNeed(name, placeOf(site));
    for (const mapping of db.catalog.mappings.values()) {
        if (mapping.server === name) {
            db.needs.mapping(needed, mapping);
        }
    }
    for (const relation of db.catalog.relations.values()) {
        if (relation.server === name) {
            db.needs.table(needed, relation, false);
        }
    }
}

export function alterServer(db: Database, site: Site, statement: AlterForeignServerStmt): void {
    const server = db.catalog.servers.get(statement.servername ?? "");
    if (server !== undefined) {
        applyOptions(server.options, statement.options);
        server.version = db.shared.next();
        server.place = optionsOf(statement.options).some(({ name }) =>
            ["host", "port", "dbname", "hostaddr"].includes(name),
        )
            ? placeOf(site)
            : server.place;
        checkOptionKeys(db, site, statement.options, CONNECTION_OPTIONS, `server ${server.name}`);
    }
}

/** The role that a mapping is for, as stored, and as written. */
function mappedRole(db: Database, role: RoleSpec | undefined): { role: string; written: string } {
    switch (role?.roletype) {
        case "ROLESPEC_PUBLIC":
            return { role: "public", written: "PUBLIC" };
        case "ROLESPEC_CSTRING":
            return { role: role.rolename ?? "", written: role.rolename ?? "" };
        case "ROLESPEC_SESSION_USER":
            return { role: db.shared.devUser, written: "SESSION_USER" };
        default:
            return { role: db.role ?? db.shared.devUser, written: db.role ?? "CURRENT_USER" };
    }
}

export function createMapping(db: Database, site: Site, statement: CreateUserMappingStmt): void {
    db.substance += 1;
    db.foreignObjects += 1;
    const { role, written } = mappedRole(db, statement.user);
    const server = statement.servername ?? "";
    const before = db.catalog.mappings.get(key(server, role));
    if (before !== undefined) {
        if (statement.if_not_exists === true || site.guarded === true) {
            return;
        }
        db.findings.add(
            "warning",
            "already-exists",
            `A user mapping for ${written} on server ${server} exists already (line ${before.place.line} of ${before.place.file}); PostgreSQL refuses this statement.`,
            placeOf(site),
        );
        claimServer(db, server, site);
    }
    const options = new Map<string, string>();
    applyOptions(options, statement.options);
    db.catalog.mappings.set(key(server, role), { server, role, written, options, place: placeOf(site) });
    if (!db.catalog.servers.has(server) && db.label === undefined) {
        db.serverNeed(server, placeOf(site));
    }
    checkOptionKeys(db, site, statement.options, CONNECTION_OPTIONS, `the user mapping for ${written}`);
}

export function alterMapping(db: Database, site: Site, statement: AlterUserMappingStmt): void {
    const { role } = mappedRole(db, statement.user);
    const mapping = db.catalog.mappings.get(key(statement.servername ?? "", role));
    if (mapping !== undefined) {
        applyOptions(mapping.options, statement.options);
        mapping.place = placeOf(site);
    }
}

export function dropMapping(db: Database, statement: DropUserMappingStmt): void {
    const { role } = mappedRole(db, statement.user);
    db.catalog.mappings.delete(key(statement.servername ?? "", role));
}

export function importSchema(db: Database, site: Site, statement: ImportForeignSchemaStmt): void {
    db.substance += 1;
    db.foreignObjects += 1;
    const name = statement.server_name ?? "";
    const place = placeOf(site);
    const needed = db.serverNeed(name, place);
    const server = db.catalog.servers.get(name);
    const from: Import = {
        id: db.shared.next(),
        server: name,
        remoteSchema: statement.remote_schema ?? "",
        localSchema: statement.local_schema ?? "public",
        list:
            statement.list_type === "FDW_IMPORT_SCHEMA_LIMIT_TO"
                ? "limit"
                : statement.list_type === "FDW_IMPORT_SCHEMA_EXCEPT"
                  ? "except"
                  : "all",
        tables: (statement.table_list ?? []).flatMap((node) =>
            "RangeVar" in node ? [rangeName(node.RangeVar).name] : [],
        ),
        place,
        ...(server === undefined ? {} : { serverCopy: { ...server, options: new Map(server.options) } }),
    };
    const kind = db.kindOf(server);
    if (kind.kind === "other" || kind.kind === "dblink") {
        needed.imports.push(from);
        return;
    }
    // Two imports of one remote schema into one local schema give the same tables.
    const same = db.catalog.imports.find(
        (each) =>
            each.server === name &&
            each.remoteSchema === from.remoteSchema &&
            each.localSchema === from.localSchema &&
            each.list === "all",
    );
    if (same === undefined) {
        db.catalog.imports.push(from);
    }
    needed.imports.push(from);
    db.useMapping(needed, place, `IMPORT FOREIGN SCHEMA ${from.remoteSchema}`, server !== undefined);
    if (from.list === "limit") {
        for (const table of from.tables) {
            if (!db.catalog.relations.has(key(from.localSchema, table))) {
                db.importTable(from, table, place);
            }
        }
    }
}
