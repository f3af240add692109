/** Turns what is needed of servers into upstreams, with the place of each part. */

import type { Ddl, Table, Upstream, User } from "../../upstreams/model";
import { upstreamConfig } from "../configline";
import { STAND_IN } from "../read/placeholder";
import { type StandIn, variableConfig } from "../read/script";
import type { Certainty, ColumnOrigin, Place, TableOrigin, UpstreamOrigin, UserOrigin } from "../report";
import type { RemoteTable } from "../usage/unknowns";
import { addressesOf, optionProblems } from "./address";
import type { Mapping } from "./catalog";
import type { Database } from "./database";
import { admits } from "./database";
import type { UpstreamCatalog } from "./given";
import { CURRENT_DATABASE } from "./interpreter";
import type { NeededServer, NeededTable } from "./needs";
import type { Roles } from "./roles";
import { StubTypes } from "./stubtypes";
import { builtIn, familyOf, TEXT, wider } from "./types";

/** The user that libpq takes where none is named: the one that runs the server in the image. */
const SERVER_USER = "postgres";
const SYSTEM_SCHEMAS = new Set(["pg_catalog", "information_schema"]);
/** A column for tables of which nothing but `SELECT *` is known: a view must have one. */
const UNKNOWN_COLUMN = "fdw_stub_unknown";

interface BuiltColumn {
    name: string;
    type: string;
    certainty: Certainty;
    place: Place;
    reason?: string;
    /** It is so at the end of the history. */
    final: boolean;
}

interface BuiltTable {
    schema: string;
    name: string;
    place: Place;
    local?: string;
    columns: Map<string, BuiltColumn>;
}

interface Built {
    host: string;
    port: number;
    database: string;
    servers: Array<{ name: string; place: Place }>;
    users: Map<string, { password?: string; roles: Set<string>; place: Place }>;
    extensions: Set<string>;
    tables: Map<string, BuiltTable>;
    types: StubTypes;
    givenTypes?: StubTypes;
    /** Roles that the schema creates itself: the stub lets everybody in. */
    open: boolean;
}

export interface Emitted {
    readonly upstreams: Upstream[];
    readonly origins: UpstreamOrigin[];
}

export class Emitter {
    private readonly built = new Map<string, Built>();
    private readonly usedStandIns = new Set<string>();

    constructor(
        private readonly db: Database,
        private readonly roles: Roles,
        private readonly standIns: ReadonlyMap<string, StandIn>,
        private readonly given: ReadonlyMap<string, UpstreamCatalog>,
        /** Name of the database under development, after `\c`. */
        private readonly ownName: string | undefined,
    ) {}

    private add(
        severity: "error" | "warning" | "note",
        code: string,
        message: string,
        place?: Place,
        config?: string,
    ): void {
        this.db.findings.add(severity, code, message, place, config);
    }

    run(): Emitted {
        this.settle();
        for (const needed of this.db.needs.all()) {
            this.server(needed);
        }
        this.imports();
        this.shareTables();
        this.passwords();
        this.remainingStandIns();
        const ordered = [...this.built.values()].sort(
            (a, b) => compare(a.host, b.host) || a.port - b.port || compare(a.database, b.database),
        );
        return { upstreams: ordered.map((each) => this.upstream(each)), origins: ordered.map(originOf) };
    }

    // Placeholders

    /** The placeholder whose stand-in a value holds. */
    private standIn(value: string | undefined): StandIn | undefined {
        if (value === undefined || !value.includes(STAND_IN)) {
            return undefined;
        }
        for (const hit of value.matchAll(/fdw_stub_[a-z0-9_]+/g)) {
            for (let text = hit[0]; text.length > STAND_IN.length; text = text.slice(0, -1)) {
                const found = this.standIns.get(text);
                if (found !== undefined) {
                    this.usedStandIns.add(found.text);
                    return found;
                }
            }
        }
        return undefined;
    }

    private remainingStandIns(): void {
        for (const each of this.standIns.values()) {
            if (!this.usedStandIns.has(each.text)) {
                this.add(
                    "note",
                    "placeholder",
                    `The placeholder ${each.name} has no value; where a name or a text is wanted ${each.text} stands in, and 5432 for a port.`,
                    each.place,
                    variableConfig(each.name),
                );
            }
        }
    }

    // Servers

    private server(needed: NeededServer): void {
        const { server, kind, name } = needed;
        if (server === undefined) {
            const table = needed.tables[0];
            const place = table?.place ?? needed.imports[0]?.place ?? [...needed.mappings.values()][0]?.place;
            if (place !== undefined) {
                const stand = this.standIn(name);
                this.add(
                    "error",
                    "server-unknown",
                    `Server ${stand?.name ?? name} is used and no statement that was read creates it, so where it leads is not known. Add the file that creates it to \`schema\`.`,
                    place,
                );
            }
            return;
        }
        const what = name === "dblink" && server.wrapper === "dblink_fdw" ? "This dblink call" : `Server ${name}`;
        if (kind.kind === "other") {
            this.add(
                kind.reads.startsWith("files") ? "note" : "warning",
                "other-wrapper",
                `Server ${name} uses ${server.wrapper}, which reads ${kind.reads}: it is no PostgreSQL upstream, and no stub is made for it.`,
                server.place,
            );
            return;
        }
        if (kind.kind === "unknown") {
            const stand = this.standIn(server.wrapper);
            this.add(
                "warning",
                "wrapper-unknown",
                `Server ${name} uses the wrapper ${stand?.name ?? server.wrapper}, which is not known; no stub is made for it.`,
                server.place,
            );
            return;
        }
        this.standIn(name);
        const options = server.options;
        const hostStand = this.standIn(options.get("host")) ?? this.standIn(options.get("hostaddr"));
        if (hostStand !== undefined) {
            this.add(
                "error",
                "host-unknown",
                `The host of server ${name} is the placeholder ${hostStand.name}, which has no value, so no name can be answered. Give it in \`variables\`.`,
                server.place,
                variableConfig(hostStand.name),
            );
            this.standIn(options.get("dbname"));
            this.mappingStandIns(needed);
            return;
        }
        const addresses = addressesOf(options, what);
        for (const { severity, code, message } of [...addresses.problems, ...optionProblems(options, what)]) {
            this.add(severity, code, message, server.place);
        }
        const mappings = [...needed.mappings.values()];
        for (const mapping of mappings) {
            for (const { severity, code, message } of optionProblems(
                mapping.options,
                `The user mapping for ${mapping.written}`,
            )) {
                this.add(severity, code, message, mapping.place);
            }
        }
        if (kind.kind === "postgres" && mappings.length === 0 && needed.tables.length + needed.imports.length > 0) {
            this.add(
                "note",
                "mapping-none",
                `Server ${name} has no user mapping in what was read; nobody can connect to it.`,
                server.place,
            );
        }
        for (const database of this.databases(needed, mappings, what)) {
            for (const address of addresses.list) {
                const entry = this.entry(address.host, address.port, database.name);
                this.fill(entry, needed, database.mappings);
            }
        }
    }

    private mappingStandIns(needed: NeededServer): void {
        for (const mapping of needed.mappings.values()) {
            this.standIn(mapping.options.get("user"));
            this.standIn(mapping.options.get("password"));
        }
    }

    /** The database of a server; without dbname libpq takes the one called like the user. */
    private databases(
        needed: NeededServer,
        mappings: readonly Mapping[],
        what: string,
    ): Array<{ name: string; mappings: Mapping[] }> {
        const place = needed.server?.place ?? needed.place;
        const named = needed.server?.options.get("dbname");
        if (named !== undefined && named !== "") {
            const stand = this.standIn(named);
            if (stand !== undefined) {
                this.mappingStandIns(needed);
                this.add(
                    "error",
                    "database-unknown",
                    `The database of ${what} is the placeholder ${stand.name}, which has no value. Give it in \`variables\`.`,
                    place,
                    variableConfig(stand.name),
                );
                return [];
            }
            if (named.includes(CURRENT_DATABASE)) {
                this.add("note", "self-server", `${what} leads to the dev database itself; it needs no stub.`, place);
                return [];
            }
            return [{ name: named, mappings: [...mappings] }];
        }
        const byUser = new Map<string, Mapping[]>();
        for (const mapping of mappings) {
            const user = mapping.options.get("user") ?? SERVER_USER;
            byUser.set(user, [...(byUser.get(user) ?? []), mapping]);
        }
        const found = byUser.size === 0 ? new Map([[SERVER_USER, []]]) : byUser;
        this.add(
            "warning",
            "database-default",
            `${what} names no dbname; libpq takes the database called like the user: ${[...found.keys()].join(", ")}.`,
            place,
        );
        return [...found].map(([name, own]) => ({ name, mappings: own }));
    }

    private entry(host: string, port: number, database: string): Built {
        const mark = `${host.toLowerCase()}\0${port}\0${database}`;
        const known = this.built.get(mark);
        if (known !== undefined) {
            return known;
        }
        const created: Built = {
            host,
            port,
            database,
            servers: [],
            users: new Map(),
            extensions: new Set(),
            tables: new Map(),
            types: new StubTypes(this.db),
            open: false,
        };
        this.built.set(mark, created);
        const given = this.given.get(database);
        if (given !== undefined && !given.runs && given.database !== undefined) {
            const types = new StubTypes(given.database);
            created.givenTypes = types;
            for (const table of given.all) {
                const target = this.table(created, table.schema, table.name, table.place);
                for (const column of table.columns) {
                    const type = types.typeAt(column.columnType ?? TEXT, column.place, `${table.name}.${column.name}`);
                    target.columns.set(column.name, {
                        name: column.name,
                        type,
                        certainty: "given",
                        place: column.place,
                        final: true,
                    });
                }
            }
        }
        return created;
    }

    private table(entry: Built, schema: string, name: string, place: Place, local?: string): BuiltTable {
        const mark = `${schema}\0${name}`;
        const known = entry.tables.get(mark);
        if (known !== undefined) {
            if (known.local === undefined && local !== undefined) {
                known.local = local;
            }
            return known;
        }
        const created: BuiltTable = {
            schema,
            name,
            place,
            columns: new Map(),
            ...(local === undefined ? {} : { local }),
        };
        entry.tables.set(mark, created);
        return created;
    }

    private fill(entry: Built, needed: NeededServer, mappings: readonly Mapping[]): void {
        const { server } = needed;
        if (
            server !== undefined &&
            !entry.servers.some(({ name, place }) => name === server.name && place.line === server.place.line)
        ) {
            entry.servers.push({ name: server.name, place: server.place });
        }
        for (const extension of (server?.options.get("extensions") ?? "").split(",").map((each) => each.trim())) {
            if (extension !== "") {
                entry.extensions.add(extension);
            }
        }
        for (const mapping of mappings) {
            this.user(entry, mapping);
        }
        for (const table of needed.tables) {
            this.declared(entry, table);
        }
    }

    private user(entry: Built, mapping: Mapping): void {
        const written = mapping.options.get("user");
        const name = written ?? SERVER_USER;
        if (written === undefined && mapping.written !== "dblink") {
            this.add(
                "note",
                "user-default",
                `The user mapping for ${mapping.written} on server ${mapping.server} names no user; libpq takes the operating system's user that runs the server, ${SERVER_USER} in the image.`,
                mapping.place,
            );
        }
        const userStand = this.standIn(written);
        if (userStand !== undefined) {
            this.add(
                "warning",
                "placeholder-user",
                `The user of the mapping for ${mapping.written} is the placeholder ${userStand.name}, which has no value; ${userStand.text} stands in, so the schema must be run with that value.`,
                mapping.place,
                variableConfig(userStand.name),
            );
        }
        let password = mapping.options.get("password");
        const passwordStand = this.standIn(password);
        if (passwordStand !== undefined) {
            this.add(
                "note",
                "placeholder-password",
                `The password of ${name} is the placeholder ${passwordStand.name}, which has no value; the stub lets ${name} in without one, so any value works.`,
                mapping.place,
                variableConfig(passwordStand.name),
            );
            password = undefined;
        }
        const created = this.roles.created.get(name);
        if (
            created !== undefined &&
            !created.guarded &&
            (created.label === undefined || created.label === this.ownName)
        ) {
            entry.open = true;
            this.add(
                "note",
                "role-created",
                `The schema creates the role ${name} itself, so the stub doesn't: its tables are granted to PUBLIC. Roles belong to the cluster: CREATE ROLE can run once on a dev server.`,
                created.place,
            );
            return;
        }
        password ??= passwordStand === undefined ? created?.password : undefined;
        const known = entry.users.get(name);
        if (known === undefined) {
            entry.users.set(name, {
                roles: new Set([mapping.written]),
                place: mapping.place,
                ...(password === undefined || password === "" ? {} : { password }),
            });
            return;
        }
        known.roles.add(mapping.written);
        if (password !== undefined && known.password !== undefined && known.password !== password) {
            this.conflicting.set(name, mapping.place);
        }
        if (known.password === undefined && password !== undefined && password !== "") {
            known.password = password;
        }
    }

    private readonly conflicting = new Map<string, Place>();

    /** Roles belong to the cluster: one name has one password, whatever the upstreams. */
    private passwords(): void {
        const seen = new Map<string, string>();
        for (const entry of this.built.values()) {
            for (const [name, user] of entry.users) {
                const before = seen.get(name);
                if (user.password !== undefined && before !== undefined && before !== user.password) {
                    this.conflicting.set(name, user.place);
                }
                if (user.password !== undefined) {
                    seen.set(name, before ?? user.password);
                }
            }
        }
        for (const [name, place] of this.conflicting) {
            this.add(
                "warning",
                "password-conflict",
                `The user ${name} has different passwords in different mappings; on one server a role has one, so the stub lets ${name} in without any. A role that is no superuser cannot connect so.`,
                place,
            );
            for (const entry of this.built.values()) {
                const user = entry.users.get(name);
                delete user?.password;
            }
        }
    }

    // Tables

    private givenTable(entry: Built, schema: string, name: string) {
        return this.given
            .get(entry.database)
            ?.tables(schema)
            ?.find((table) => table.name === name);
    }

    private declared(entry: Built, table: NeededTable): void {
        if (SYSTEM_SCHEMAS.has(table.schema)) {
            this.add(
                "note",
                "system-table",
                `${table.local ?? table.name} reads ${table.schema}.${table.name}, which every PostgreSQL database has; no stub is made for it.`,
                table.place,
            );
            return;
        }
        this.standIn(table.schema);
        this.standIn(table.name);
        const given = this.givenTable(entry, table.schema, table.name);
        const target = this.table(entry, table.schema, table.name, table.place, table.local);
        for (const column of table.columns) {
            const what = `${table.local ?? table.name}.${column.name}`;
            const described = given?.columns.find(({ name }) => name === column.name);
            if (given !== undefined && described === undefined && !target.columns.has(column.name)) {
                this.add(
                    "error",
                    "column-missing",
                    `${what} is column ${column.name} of ${table.schema}.${table.name} at the upstream, which as described at ${given.place.file}:${given.place.line} has none of that name.`,
                    column.place,
                );
            }
            if (described !== undefined && entry.givenTypes !== undefined) {
                continue;
            }
            const type = described?.type ?? entry.types.typeAt(column.type, column.place, what);
            this.column(target, {
                name: column.name,
                type,
                certainty: described === undefined ? "declared" : "given",
                place: column.place,
                final: table.final,
            });
        }
    }

    /** Two claims on one column: the end of the history wins, then the wider type, then text over the schema's own types. */
    private column(target: BuiltTable, column: BuiltColumn): void {
        const known = target.columns.get(column.name);
        if (known === undefined) {
            target.columns.set(column.name, column);
            return;
        }
        if (known.type === column.type) {
            known.final ||= column.final;
            return;
        }
        const [a, b] = [familyOf(known.type), familyOf(column.type)];
        const place = `${known.place.file}:${known.place.line}`;
        const name = `${target.schema}.${target.name}.${column.name}`;
        if (known.final !== column.final) {
            const [first, last] = known.final ? [column, known] : [known, column];
            if (a !== b) {
                this.add(
                    "warning",
                    "history-type",
                    `Column ${name} is ${first.type} when something connects (${first.place.file}:${first.place.line}) and ${last.type} at the end; the stub has the last, so a condition on it may fail before.`,
                    last.place,
                );
            }
            target.columns.set(column.name, last);
            return;
        }
        if (a !== b || a === undefined) {
            this.add(
                "warning",
                "column-contradiction",
                `Column ${name} of the upstream is ${known.type} at ${place} and ${column.type} here; ${better(known, column).type} is taken.`,
                column.place,
            );
        }
        target.columns.set(column.name, better(known, column));
    }

    // Imports

    private settle(): void {
        const guesses = this.db.unknowns.settle((table) => {
            const given = this.givenFor(table);
            return given === undefined ? undefined : new Set(given.columns.map(({ name }) => name));
        });
        for (const { name, tables, place } of guesses) {
            const names = tables.map((table) => `${table.schema}.${table.name}`).join(", ");
            this.add(
                "warning",
                "column-ambiguous",
                `The column ${name} belongs to one of ${names}; nothing tells which, and the first is taken. Qualify it, or declare the tables.`,
                place,
            );
        }
    }

    private givenFor(table: RemoteTable) {
        for (const needed of this.db.needs.all()) {
            if (needed.imports.some(({ id }) => id === table.importId)) {
                const database = needed.server?.options.get("dbname") ?? "";
                return this.given
                    .get(database)
                    ?.tables(table.schema)
                    ?.find(({ name }) => name === table.name);
            }
        }
        return undefined;
    }

    private imports(): void {
        for (const needed of this.db.needs.all()) {
            for (const from of needed.imports) {
                const entries = [...this.built.values()].filter(({ servers }) =>
                    servers.some(
                        ({ name, place }) =>
                            name === needed.server?.name &&
                            place.line === needed.server.place.line &&
                            place.file === needed.server.place.file,
                    ),
                );
                this.standIn(from.remoteSchema);
                const remote = this.db.unknowns.tables.filter(({ importId }) => importId === from.id);
                for (const entry of entries) {
                    this.import(entry, from, remote);
                }
            }
        }
    }

    private import(entry: Built, from: NeededServer["imports"][number], remote: readonly RemoteTable[]): void {
        if (SYSTEM_SCHEMAS.has(from.remoteSchema)) {
            this.add(
                "note",
                "system-table",
                `IMPORT FOREIGN SCHEMA ${from.remoteSchema} reads what every PostgreSQL database has.`,
                from.place,
            );
            return;
        }
        const catalog = this.given.get(entry.database);
        const known = catalog?.tables(from.remoteSchema);
        if (known === undefined && remote.length === 0) {
            this.add(
                "note",
                "import-unused",
                `Nothing that was read uses a table of this import (${from.remoteSchema} of ${from.server}); the stub has none of them.`,
                from.place,
                upstreamConfig(entry, [{ schema: from.remoteSchema, name: "…", columns: [{ name: "…", type: "…" }] }]),
            );
        }
        for (const table of remote) {
            if (!admits(from, table.name)) {
                continue;
            }
            this.remoteTable(entry, from, table);
        }
    }

    private remoteTable(entry: Built, from: NeededServer["imports"][number], table: RemoteTable): void {
        const given = this.givenTable(entry, table.schema, table.name);
        const local = `${from.localSchema}.${table.name}`;
        const known = entry.tables.get(`${table.schema}\0${table.name}`);
        const target = this.table(entry, table.schema, table.name, table.place, local);
        const guessed: Array<{ name: string; type: string }> = [];
        for (const column of table.columns.values()) {
            const described = given?.columns.find(({ name }) => name === column.name);
            if (given !== undefined) {
                if (described === undefined) {
                    this.add(
                        "error",
                        "column-missing",
                        `${local}.${column.name} is used here, and ${table.schema}.${table.name} as described at ${given.place.file}:${given.place.line} has no such column.`,
                        column.place,
                    );
                } else if (entry.givenTypes === undefined) {
                    this.column(target, {
                        name: column.name,
                        type: described.type,
                        certainty: "given",
                        place: column.place,
                        final: true,
                    });
                }
                continue;
            }
            const settled = this.db.unknowns.typeOf(column.variable);
            const before = target.columns.get(column.name);
            // A column that a foreign table declares, or that another import tells more of, stays as it is.
            if (before !== undefined && (before.certainty !== "guessed" || settled.reason === undefined)) {
                continue;
            }
            const type = entry.types.typeAt(settled.type, column.place, `${local}.${column.name}`);
            if (settled.reason === undefined) {
                guessed.push({ name: column.name, type });
            }
            target.columns.set(column.name, {
                name: column.name,
                type,
                certainty: settled.reason === undefined ? "guessed" : "inferred",
                place: column.place,
                final: true,
                ...(settled.reason === undefined ? {} : { reason: settled.reason }),
            });
        }
        if (given !== undefined) {
            return;
        }
        if (guessed.length > 0) {
            const names = guessed.map(({ name }) => name);
            this.add(
                "note",
                "type-guessed",
                `Nothing tells the type of ${local}: ${names.join(", ")}; text stands in. Declare what it is where that matters.`,
                table.place,
                upstreamConfig(entry, [{ schema: table.schema, name: table.name, columns: guessed }]),
            );
        }
        const [star] = table.stars;
        if (star !== undefined && known === undefined) {
            const names = [...target.columns.keys()];
            if (names.length === 0) {
                target.columns.set(UNKNOWN_COLUMN, {
                    name: UNKNOWN_COLUMN,
                    type: "text",
                    certainty: "guessed",
                    place: star,
                    final: true,
                });
            }
            this.add(
                "warning",
                "columns-unknown",
                `All columns of ${local} are asked for here (SELECT *), and ${names.length === 0 ? "none is" : `only ${names.join(", ")} ${names.length === 1 ? "is" : "are"}`} known. Declare the others.`,
                star,
                upstreamConfig(entry, [
                    {
                        schema: table.schema,
                        name: table.name,
                        columns: [
                            ...[...target.columns.values()]
                                .filter(({ name }) => name !== UNKNOWN_COLUMN)
                                .map(({ name, type }) => ({ name, type })),
                            { name: "…", type: "…" },
                        ],
                    },
                ]),
            );
        }
    }

    /** Upstreams with the same database name are one database in the cluster, so tables of one name are one table. */
    private shareTables(): void {
        const byDatabase = new Map<string, Built[]>();
        for (const entry of this.built.values()) {
            byDatabase.set(entry.database, [...(byDatabase.get(entry.database) ?? []), entry]);
        }
        for (const entries of byDatabase.values()) {
            for (const mark of new Set(entries.flatMap(({ tables }) => [...tables.keys()]))) {
                const holders = entries.flatMap(({ tables }) => tables.get(mark) ?? []);
                const [first] = holders;
                if (holders.length < 2 || first === undefined) {
                    continue;
                }
                const merged: BuiltTable = { ...first, columns: new Map() };
                for (const holder of holders) {
                    for (const column of holder.columns.values()) {
                        if (column.name !== UNKNOWN_COLUMN || merged.columns.size === 0) {
                            this.column(merged, { ...column });
                        }
                    }
                }
                for (const holder of holders) {
                    holder.columns = new Map(merged.columns);
                }
            }
        }
    }

    // Results

    private upstream(entry: Built): Upstream {
        const users: User[] = [...entry.users]
            .sort(([a], [b]) => compare(a, b))
            .map(([name, { password }]) => (password === undefined ? { name } : { name, password }));
        const tables: Table[] = sortedTables(entry).map((table) => ({
            schema: table.schema,
            name: table.name,
            columns: [...table.columns.values()].map(({ name, type }) => ({ name, type })),
            rows: [],
        }));
        const given = entry.givenTypes?.ddl() ?? [];
        const ddl = [
            ...given,
            ...entry.types.ddl().filter(({ sql }) => !given.some((other) => sameObject(other.sql, sql))),
        ];
        const extensions = [
            ...new Set([...entry.extensions, ...(entry.givenTypes?.extensions ?? []), ...entry.types.extensions]),
        ];
        return {
            host: entry.host,
            port: entry.port,
            database: entry.database,
            users,
            extensions: extensions.sort(compare),
            ddl: entry.open ? [...openDdl(entry), ...ddl] : ddl,
            tables,
        };
    }
}

/** The schema creates the role later, so the stub's tables are open to everybody. */
function openDdl(entry: Built): Ddl[] {
    const place = entry.servers[0]?.place ?? { file: "schema", line: 1 };
    return [
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC;",
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;",
    ].map((sql) => ({ origin: place.file, line: place.line, sql }));
}

function sameObject(a: string, b: string): boolean {
    const head = (sql: string) => sql.replace(/\s+(?:AS\b.*)?$/s, "").split(" AS ")[0];
    return head(a) === head(b);
}

function better(a: BuiltColumn, b: BuiltColumn): BuiltColumn {
    if (a.certainty !== b.certainty) {
        const order: readonly Certainty[] = ["given", "declared", "inferred", "guessed"];
        return order.indexOf(a.certainty) <= order.indexOf(b.certainty) ? a : b;
    }
    const [x, y] = [familyOf(a.type), familyOf(b.type)];
    if (x === y && x !== undefined) {
        return wider(builtIn(bare(a.type)), builtIn(bare(b.type))).sql === bare(b.type) && bare(a.type) !== bare(b.type)
            ? b
            : a;
    }
    // Text can hold what any other type prints, and a condition on text is the one that is sent there.
    if (x === "text" || y === "text") {
        return x === "text" ? a : b;
    }
    return a;
}

function bare(type: string): string {
    return type.replace(/\(.*?\)/, "");
}

function sortedTables(entry: Built): BuiltTable[] {
    return [...entry.tables.values()].sort((a, b) => compare(a.schema, b.schema) || compare(a.name, b.name));
}

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

function originOf(entry: Built): UpstreamOrigin {
    return {
        host: entry.host,
        port: entry.port,
        database: entry.database,
        servers: entry.servers,
        users: [...entry.users]
            .sort(([a], [b]) => compare(a, b))
            .map(([name, { roles, place }]): UserOrigin => ({ name, roles: [...roles], place })),
        tables: sortedTables(entry).map(
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
