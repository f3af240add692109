/** What a pass learnt, as upstreams and as what is to be said of them. Pure. */

import type { ColumnOrigin, Finding, Place, TableOrigin, UpstreamOrigin, UserOrigin } from "../schema/report";
import type { UsedTable } from "../schema/usage/settle";
import type { Ddl, Upstream, User } from "../upstreams/model";
import { describeDump } from "./ddl";
import { endpointsOf } from "./endpoints";
import type { Facts, MappingFact, ServerFact } from "./facts";
import type { EndState } from "./learning";
import { type StubTable, shortType } from "./stubs";

/** The user that libpq takes where none is named: the one that runs the server in the image. */
const SERVER_USER = "postgres";

/** One stub as it is after a pass. */
export interface StubContent {
    readonly entries: readonly string[];
    /** Extensions that cannot be moved to another schema. */
    readonly immovable: ReadonlySet<string>;
    readonly tables: readonly StubTable[];
}

export interface ResultInput {
    readonly facts: Facts;
    readonly end: EndState;
    /** By database. */
    readonly stubs: ReadonlyMap<string, StubContent>;
    readonly used: readonly UsedTable[];
    readonly devDatabase: string;
    readonly devUser: string;
    /** Whether a text is the stand-in of a placeholder without a value. */
    readonly standsIn: (text: string) => boolean;
}

export interface Result {
    readonly upstreams: Upstream[];
    readonly origins: UpstreamOrigin[];
    readonly findings: Finding[];
}

interface Building {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly servers: Array<{ name: string; place: Place }>;
    readonly users: Map<string, { roles: Set<string>; place: Place; password?: string }>;
    /** The schema makes a user of it itself, later: the tables are open to everybody. */
    open: boolean;
}

export function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

const userOf = ({ options }: Pick<MappingFact, "options">) => options.user || SERVER_USER;

class Builder {
    readonly found = new Map<string, Building>();
    readonly findings: Finding[] = [];
    private readonly conflicting = new Map<string, Place>();

    constructor(private readonly input: ResultInput) {}

    run(): void {
        const { facts, end } = this.input;
        const last = new Map<string, ServerFact>();
        for (const server of facts.servers) {
            last.set(server.name, server);
        }
        for (const [name, server] of last) {
            if (server.handled && end.servers.has(name)) {
                this.server(server);
            }
        }
        for (const connection of facts.connections) {
            const upstream = this.at(connection.host, connection.port, connection.database);
            if (upstream !== undefined) {
                const mapped = facts.mappings.filter((each) => userOf(each) === connection.user);
                const roles = mapped.length === 0 ? ["CURRENT_USER"] : mapped.map(({ role }) => role);
                this.user(upstream, connection.user, roles, connection.password, mapped[0]?.place ?? connection.place);
                const served = facts.servers.find(
                    (each) =>
                        each.handled &&
                        endpointsOf(each.options).some(
                            ({ host, port }) => host === connection.host && port === connection.port,
                        ),
                );
                this.named(upstream, served ?? { name: "dblink", place: connection.place });
            }
        }
        this.settlePasswords();
    }

    private at(host: string, port: number, database: string): Building | undefined {
        const { devDatabase, standsIn } = this.input;
        // A port that is none, or blanks in a host: whoever connects is told by libpq.
        const bad = !(Number.isInteger(port) && port >= 1 && port <= 65535) || /\s/.test(host);
        if (bad || database === devDatabase || standsIn(host) || standsIn(database)) {
            return undefined;
        }
        const key = `${host}\0${port}\0${database}`;
        const known = this.found.get(key);
        if (known !== undefined) {
            return known;
        }
        const made: Building = { host, port, database, servers: [], users: new Map(), open: false };
        this.found.set(key, made);
        return made;
    }

    private named({ servers }: Building, { name, place }: { name: string; place: Place }): void {
        if (!servers.some((each) => each.name === name)) {
            servers.push({ name, place });
        }
    }

    private server(server: ServerFact): void {
        const { facts, end } = this.input;
        const mappings = facts.mappings.filter((each) => each.server === server.name);
        const last = new Map(mappings.map((each) => [each.role, each]));
        const present = [...last.values()].filter(({ role }) => end.mappings.has(`${server.name}\0${role}`));
        const first = facts.servers.find(({ name }) => name === server.name) ?? server;
        const databases = server.options.dbname
            ? [server.options.dbname]
            : [...new Set(present.map(userOf).concat(present.length === 0 ? [SERVER_USER] : []))];
        for (const database of databases) {
            for (const { host, port } of endpointsOf(server.options)) {
                const upstream = this.at(host, port, database);
                if (upstream !== undefined) {
                    this.named(upstream, { name: server.name, place: first.place });
                    for (const mapping of present) {
                        if (server.options.dbname || userOf(mapping) === database) {
                            this.user(
                                upstream,
                                userOf(mapping),
                                [mapping.role],
                                mapping.options.password,
                                mapping.place,
                            );
                        }
                    }
                }
            }
        }
    }

    private user(
        upstream: Building,
        name: string,
        roles: readonly string[],
        given: string | undefined,
        place: Place,
    ): void {
        const { end, standsIn, devUser } = this.input;
        if (end.createdRoles.has(name) && name !== devUser) {
            upstream.open = true;
            return;
        }
        const password = given === undefined || given === "" || standsIn(given) ? undefined : given;
        const known = upstream.users.get(name) ?? { roles: new Set<string>(), place };
        for (const role of roles) {
            known.roles.add(role);
        }
        if (known.password !== undefined && password !== undefined && known.password !== password) {
            this.conflicting.set(name, place);
        }
        known.password ??= password;
        if (known.password === undefined) {
            delete known.password;
        }
        upstream.users.set(name, known);
    }

    /** Roles belong to the cluster: one name has one password, whatever the upstreams. */
    private settlePasswords(): void {
        const seen = new Map<string, string>();
        for (const { users } of this.found.values()) {
            for (const [name, { password, place }] of users) {
                if (password !== undefined && (seen.get(name) ?? password) !== password) {
                    this.conflicting.set(name, place);
                }
                if (password !== undefined) {
                    seen.set(name, seen.get(name) ?? password);
                }
            }
        }
        for (const [name, place] of this.conflicting) {
            this.findings.push({
                severity: "warning",
                code: "password-conflict",
                message: `The user ${name} has different passwords in different mappings; on one server a role has one, so the stub lets ${name} in without any. A role that is no superuser cannot connect so.`,
                ...place,
            });
            for (const { users } of this.found.values()) {
                delete users.get(name)?.password;
            }
        }
    }
}

/** Statements of a stub whose users the schema makes itself, later. */
const OPEN = [
    "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC;",
    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;",
];

function upstreamOf(building: Building, content: StubContent | undefined, openDatabase: boolean): Upstream {
    const users: User[] = [...building.users]
        .sort(([a], [b]) => compare(a, b))
        .map(([name, { password }]) => (password === undefined ? { name } : { name, password }));
    const { extensions, ddl, tables } = describeDump(content?.entries ?? [], content?.immovable);
    const place = building.servers[0]?.place ?? { file: "schema", line: 1 };
    const from = (sql: string): Ddl => ({ origin: place.file, line: place.line, sql });
    return {
        host: building.host,
        port: building.port,
        database: building.database,
        users,
        extensions: [...extensions].sort(compare),
        ddl: [...(openDatabase ? OPEN : []), ...ddl].map(from),
        tables,
    };
}

function originOf(building: Building, content: StubContent | undefined, input: ResultInput): UpstreamOrigin {
    const fallback = building.servers[0]?.place ?? { file: "", line: 1 };
    return {
        host: building.host,
        port: building.port,
        database: building.database,
        servers: building.servers,
        users: [...building.users]
            .sort(([a], [b]) => compare(a, b))
            .map(([name, { roles, place }]): UserOrigin => ({ name, roles: [...roles], place })),
        tables: (content?.tables ?? []).map((table) => tableOrigin(table, input, fallback)),
    };
}

/** Where a table and its columns are first declared or used. */
function tableOrigin(table: StubTable, { facts, used }: ResultInput, fallback: Place): TableOrigin {
    const declared = facts.tables.filter(
        ({ remoteSchema, remoteName }) => remoteSchema === table.schema && remoteName === table.name,
    );
    const inUse = used.filter(({ schema, name }) => schema === table.schema && name === table.name);
    const place = declared[0]?.place ?? inUse[0]?.place ?? fallback;
    const local = declared.at(-1)?.local ?? inUse[0]?.local;
    return {
        schema: table.schema,
        name: table.name,
        place,
        ...(local === undefined ? {} : { local }),
        columns: table.columns.map(({ name, type }): ColumnOrigin => {
            const use = inUse.flatMap(({ columns }) => columns).find((column) => column.name === name);
            if (use !== undefined) {
                return { ...use, type };
            }
            const first = declared.find(({ columns }) => columns.some((column) => column.name === name));
            return { name, type, certainty: first === undefined ? "given" : "declared", place: first?.place ?? place };
        }),
    };
}

function retypedFindings({ facts }: ResultInput): Finding[] {
    return facts.retyped.map(
        ({ schema, table, column, before, after, place }): Finding => ({
            severity: "warning",
            code: "history-type",
            message: `Column ${schema}.${table}.${column} of the upstream was ${shortType(before)} before and is ${shortType(after)} here; the stub has the last.`,
            ...place,
        }),
    );
}

/** The upstreams that a schema needs, with the place of each part. */
export function resultOf(input: ResultInput): Result {
    const builder = new Builder(input);
    builder.run();
    const ordered = [...builder.found.values()].sort(
        (a, b) => compare(a.host, b.host) || a.port - b.port || compare(a.database, b.database),
    );
    // Upstreams of one database share its stub.
    const open = new Set(ordered.filter((each) => each.open).map(({ database }) => database));
    return {
        upstreams: ordered.map((each) => upstreamOf(each, input.stubs.get(each.database), open.has(each.database))),
        origins: ordered.map((each) => originOf(each, input.stubs.get(each.database), input)),
        findings: [...builder.findings, ...retypedFindings(input)],
    };
}
