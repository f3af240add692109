/** What a pass learnt, as upstreams and as what is to be said of them. Pure. */

import type { ColumnOrigin, Finding, Place, TableOrigin, UpstreamOrigin, UserOrigin } from "../schema/report";
import type { UsedTable } from "../schema/usage/settle";
import { type ConnectionNeeds, connectionNeeds, type Target } from "../upstreams/connection";
import { parseConninfo } from "../upstreams/conninfo";
import type { Connection, Ddl, Upstream, User } from "../upstreams/model";
import { describeDump } from "./ddl";
import type { ConnectionFact, Facts, ServerFact } from "./facts";
import type { EndState } from "./learning";
import { databaseFor, userOf } from "./servers";
import { type StubTable, shortType } from "./stubs";

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
    /** By the stub's own name (`databaseFor`). */
    readonly stubs: ReadonlyMap<string, StubContent>;
    /** Databases whose stub is called like them, whatever the host. */
    readonly plain: ReadonlySet<string>;
    readonly used: readonly UsedTable[];
    /** Databases that are no upstreams: the one under development. */
    readonly own: ReadonlySet<string>;
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
    readonly hostaddr?: string;
    readonly port: number;
    readonly database: string;
    readonly servers: Array<{ name: string; place: Place }>;
    readonly connections: Connection[];
    readonly publications: Set<string>;
    readonly users: Map<string, { roles: Set<string>; place: Place; password?: string; created?: true }>;
}

export function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

class Builder {
    readonly found = new Map<string, Building>();
    readonly findings: Finding[] = [];
    private readonly conflicting = new Map<string, Place>();

    constructor(private readonly input: ResultInput) {}

    run(): void {
        const { facts, end, used } = this.input;
        const last = new Map<string, ServerFact>();
        for (const server of facts.servers) {
            last.set(server.name, server);
        }
        for (const [name, server] of last) {
            if (server.handled && end.servers.has(name)) {
                this.server(server);
            }
        }
        for (const { server, place } of used) {
            const options = typeof server === "string" ? undefined : parseConninfo(server.conninfo);
            if (options !== undefined) {
                const needs = connectionNeeds(options, {}, "This dblink call");
                this.say(needs, place, new Set());
                this.needed(needs, { name: "dblink", place }, [], place);
            }
        }
        for (const { conninfo, publications, place } of facts.subscriptions) {
            const needs = connectionNeeds(parseConninfo(conninfo) ?? {}, {}, "This subscription");
            this.say(needs, place, new Set());
            this.needed(needs, { name: "subscription", place }, ["CURRENT_USER"], place);
            for (const target of needs.targets) {
                for (const publication of publications) {
                    this.at(target, needs.database)?.publications.add(publication);
                }
            }
        }
        for (const connection of facts.connections) {
            this.connected(connection);
        }
        this.settlePasswords();
    }

    private at(target: Target, database: string): Building | undefined {
        const { own, standsIn } = this.input;
        const { host, hostaddr, port } = target;
        if ((own.has(database) && host === "localhost") || standsIn(host) || standsIn(database)) {
            return undefined;
        }
        const key = JSON.stringify([host, hostaddr, port, database]);
        const known = this.found.get(key);
        if (known !== undefined) {
            return known;
        }
        const made: Building = {
            ...target,
            database,
            servers: [],
            connections: [],
            publications: new Set(),
            users: new Map(),
        };
        this.found.set(key, made);
        return made;
    }

    /** Something connected: of a host with an address only the address is seen. */
    private connected({ host, port, database, user, password, place, tls }: ConnectionFact): void {
        const { facts } = this.input;
        const byAddress = [...this.found.values()].find(
            (each) => each.hostaddr === host && each.port === port && each.database === database,
        );
        const upstream = byAddress ?? this.at({ host, port }, database);
        if (upstream === undefined) {
            return;
        }
        const mapped = facts.mappings.filter(({ options }) => userOf(options) === user);
        const roles = mapped.length === 0 ? ["CURRENT_USER"] : mapped.map(({ role }) => role);
        this.user(upstream, user, roles, password, mapped[0]?.place ?? place);
        const served = facts.servers.find(
            ({ handled, options }) =>
                handled &&
                connectionNeeds(options).targets.some(
                    (target) => (target.hostaddr ?? target.host) === host && target.port === port,
                ),
        );
        this.named(upstream, served ?? { name: "dblink", place });
        if (tls && upstream.connections.length === 0) {
            upstream.connections.push({ user, sslmode: "require" });
        }
    }

    private named({ servers }: Building, { name, place }: { name: string; place: Place }): void {
        if (!servers.some((each) => each.name === name)) {
            servers.push({ name, place });
        }
    }

    private server(server: ServerFact): void {
        const { facts, end } = this.input;
        const { name, options } = server;
        const own = facts.mappings.filter((each) => each.server === name);
        const last = new Map(own.map((each) => [each.role, each]));
        const present = [...last.values()].filter(({ role }) => end.mappings.has(`${name}\0${role}`));
        const first = facts.servers.find((each) => each.name === name) ?? server;
        const said = new Set<string>();
        const common = connectionNeeds(options, {}, `Server ${name}`);
        this.say(common, server.place, said);
        if (present.length === 0) {
            this.needed(common, first, [], server.place);
        }
        for (const mapping of present) {
            const needs = connectionNeeds(options, mapping.options, `The user mapping for ${mapping.role}`);
            this.say(needs, mapping.place, said);
            this.needed(needs, first, [mapping.role], mapping.place);
        }
    }

    private say({ findings }: ConnectionNeeds, place: Place, said: Set<string>): void {
        for (const { severity, code, message } of findings) {
            if (!said.has(code)) {
                said.add(code);
                this.findings.push({ severity, code, message, ...place });
            }
        }
    }

    /** @param roles Whose mapping it is; none where nobody connects by one. */
    private needed(
        { targets, database, user, password, connection }: ConnectionNeeds,
        server: { name: string; place: Place },
        roles: readonly string[],
        place: Place,
    ): void {
        for (const target of targets) {
            const upstream = this.at(target, database);
            if (upstream === undefined) {
                continue;
            }
            this.named(upstream, server);
            const text = JSON.stringify(connection);
            if (text !== "{}" && !upstream.connections.some((one) => JSON.stringify(one) === text)) {
                upstream.connections.push(connection);
            }
            if (roles.length > 0) {
                this.user(upstream, user, roles, password, place);
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
        const password = given === undefined || given === "" || standsIn(given) ? undefined : given;
        const known = upstream.users.get(name) ?? { roles: new Set<string>(), place };
        for (const role of roles) {
            known.roles.add(role);
        }
        if (end.createdRoles.has(name) && name !== devUser) {
            known.created = true;
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

function upstreamOf(building: Building, content: StubContent | undefined): Upstream {
    const users = [...building.users]
        .sort(([a], [b]) => compare(a, b))
        .map(
            ([name, { password, created }]): User => ({
                name,
                ...(password === undefined ? {} : { password }),
                // A role of the schema's own is asked for the password that the schema gives it, if its mapping has one.
                ...(created === undefined ? {} : { created, ...(password === undefined ? { trusted: true } : {}) }),
            }),
        );
    const { extensions, ddl, tables } = describeDump(content?.entries ?? [], content?.immovable);
    const place = building.servers[0]?.place ?? { file: "schema", line: 1 };
    return {
        host: building.host,
        ...(building.hostaddr === undefined ? {} : { hostaddr: building.hostaddr }),
        port: building.port,
        database: building.database,
        ...(building.connections.length === 0 ? {} : { connections: building.connections }),
        ...(building.publications.size === 0 ? {} : { publications: [...building.publications].sort(compare) }),
        users,
        extensions: [...extensions].sort((a, b) => compare(a.name, b.name)),
        ddl: ddl.map((sql): Ddl => ({ origin: place.file, line: place.line, sql })),
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

function contradictionFindings({ facts }: ResultInput): Finding[] {
    return facts.contradictions.map(
        ({ schema, table, column, given, wanted, place }): Finding => ({
            severity: "warning",
            code: "contradiction",
            message: `The configuration declares ${schema}.${table}.${column} as ${shortType(given)}, and the schema reads it as ${shortType(wanted)} here; the stub has what is declared. Make them agree.`,
            ...place,
        }),
    );
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
    const contentOf = (each: Building) => input.stubs.get(databaseFor(each, each.database, input.plain));
    return {
        upstreams: ordered.map((each) => upstreamOf(each, contentOf(each))),
        origins: ordered.map((each) => originOf(each, contentOf(each), input)),
        findings: [...builder.findings, ...contradictionFindings(input), ...retypedFindings(input)],
    };
}
