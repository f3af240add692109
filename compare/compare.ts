/** Compares the foreign tables of a schema with the contracts of their upstreams. */

import type { Comparison, InspectedContract, Inspection } from "../rehearsal/inspection";
import { type ContractFinding, GRADES, type Place } from "../schema/report";
import { loadParser } from "../upstreams/parser";
import {
    type Ask,
    type LocalCatalog,
    type LocalColumn,
    type LocalServer,
    type LocalTable,
    type RemoteCatalog,
    type RemoteColumn,
    readLocal,
    readRemote,
    type TypeInfo,
} from "./catalog";
import { type Difference, differencesOf, extensionDifferences } from "./grade";
import { type Outcome, prepareSession, type Trial, type Typed, tryTypes } from "./probe";
import { LOCAL, remoteQuery } from "./queries";
import { literalsFor } from "./samples";
import { sameType, type Verdict, verdictOf } from "./verdict";
import { type Writes, writesOf } from "./writes";

type Types = ReadonlyMap<number, TypeInfo>;

const byOid = (types: readonly TypeInfo[]): Types => new Map(types.map((type) => [type.oid, type]));

function typed(column: LocalColumn | RemoteColumn, types: Types): Typed | undefined {
    const type = types.get(column.type);
    return type === undefined ? undefined : { type, mod: column.mod, name: column.typeName };
}

/** Pairs of types that were tried, each once however many columns have it. */
class Trials {
    private readonly trials = new Map<string, Trial>();
    private outcomes = new Map<string, Outcome>();

    constructor(
        private readonly from: Types,
        private readonly to: Types,
    ) {}

    private key(from: Typed, to: Typed, sent: boolean): string {
        return JSON.stringify([from.type.oid, from.mod, to.type.oid, to.mod, sent]);
    }

    add(from: Typed | undefined, to: Typed | undefined, sent: boolean): void {
        if (from === undefined || to === undefined || sameType(from, to)) {
            return;
        }
        const literals = [
            ...literalsFor(from.type, from.name, (oid) => this.from.get(oid)),
            ...literalsFor(to.type, to.name, (oid) => this.to.get(oid)),
        ];
        this.trials.set(this.key(from, to, sent), { from, to, sent, literals: [...new Set(literals)] });
    }

    async run(from: Ask, to: Ask): Promise<void> {
        const keys = [...this.trials.keys()];
        const outcomes = await tryTypes(from, to, [...this.trials.values()]);
        this.outcomes = new Map(
            outcomes.flatMap((outcome, at) => {
                const key = keys[at];
                return key === undefined ? [] : [[key, outcome] as const];
            }),
        );
    }

    verdict(from: Typed | undefined, to: Typed | undefined, sent: boolean): Verdict | undefined {
        if (from === undefined || to === undefined || sameType(from, to)) {
            return undefined;
        }
        const outcome = this.outcomes.get(this.key(from, to, sent));
        return outcome === undefined ? undefined : verdictOf(from, to, outcome);
    }
}

interface Here {
    readonly catalog: LocalCatalog;
    readonly types: Types;
    readonly writes: ReadonlyMap<LocalTable, Writes>;
    readonly ask: Ask;
}

const NOT_WRITTEN: Writes = { by: new Map() };

/** Whether `postgres_fdw` takes a type for one that the upstream has too. */
function isSent({ type }: LocalColumn, types: Types, server: LocalServer | undefined): boolean {
    const found = types.get(type);
    return (
        found !== undefined &&
        (found.builtIn || (found.extension !== null && (server?.extensions.includes(found.extension) ?? false)))
    );
}

function addressOf({ upstream: { host, port, database } }: InspectedContract): string {
    return `${host}:${port}/${database}`;
}

async function compareWith(contract: InspectedContract, here: Here): Promise<Difference[]> {
    const names = new Set(contract.servers.map(({ name }) => name));
    const tables = here.catalog.tables.filter(({ server }) => names.has(server));
    const servers = here.catalog.servers.filter(({ name }) => names.has(name));
    const ask: Ask = (sql) => contract.query(sql);
    await prepareSession(ask);
    const known = contract.users.filter(({ granted }) => granted).map(({ name }) => name);
    const relations = tables.map(({ remoteSchema, remoteName }) => ({ schema: remoteSchema, name: remoteName }));
    const upstream = await readRemote(ask, remoteQuery({ relations: distinct(relations), users: known }));
    const there = byOid(upstream.types);
    const reading = new Trials(there, here.types);
    const writing = new Trials(here.types, there);
    for (const { table, column, remote } of pairs(tables, upstream)) {
        const server = servers.find(({ name }) => name === table.server);
        const [mine, theirs] = [typed(column, here.types), typed(remote, there)];
        reading.add(theirs, mine, isSent(column, here.types, server));
        if ((here.writes.get(table)?.by.size ?? 0) > 0) {
            writing.add(mine, theirs, false);
        }
    }
    await reading.run(ask, here.ask);
    await writing.run(here.ask, ask);
    const address = addressOf(contract);
    return [
        ...servers.flatMap((server) => extensionDifferences(server, here.catalog.extensions, upstream, address)),
        ...tables.flatMap((table) => {
            const server = servers.find(({ name }) => name === table.server);
            const sent = (column: LocalColumn) => isSent(column, here.types, server);
            return differencesOf({
                table,
                server,
                upstream,
                address,
                writes: here.writes.get(table) ?? NOT_WRITTEN,
                sent,
                read: (column, remote) =>
                    reading.verdict(typed(remote, there), typed(column, here.types), sent(column)),
                written: (column, remote) => writing.verdict(typed(column, here.types), typed(remote, there), false),
                users: contract.mappings
                    .filter((mapping) => mapping.server === table.server && known.includes(mapping.user))
                    .map(({ user }) => user),
            });
        }),
    ];
}

function distinct<T>(all: readonly T[]): T[] {
    return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

/** Columns of both sides that belong together. */
function* pairs(tables: readonly LocalTable[], { relations }: RemoteCatalog) {
    const found = new Map(relations.map((relation) => [JSON.stringify([relation.schema, relation.name]), relation]));
    for (const table of tables) {
        const relation = found.get(JSON.stringify([table.remoteSchema, table.remoteName]));
        const columns = new Map(relation?.columns.map((column) => [column.name, column]));
        for (const column of table.columns) {
            const remote = columns.get(column.remote);
            if (remote !== undefined) {
                yield { table, column, remote };
            }
        }
    }
}

/** Servers that lead to no upstream with a contract. */
function unchecked({ catalog }: Here, { contracts }: Inspection): Difference[] {
    const checked = new Set(contracts.flatMap(({ servers }) => servers.map(({ name }) => name)));
    const unused = contracts.filter(({ servers }) => servers.length === 0);
    return catalog.servers
        .filter(({ name }) => !checked.has(name) && catalog.tables.some(({ server }) => server === name))
        .map(({ name, host, database }): Difference => {
            const like = unused.find(
                ({ upstream }) => upstream.host === (host ?? "localhost") || upstream.database === database,
            );
            return like === undefined
                ? {
                      code: "no-contract",
                      grade: "name-only",
                      object: name,
                      message: `Server ${name} leads to an upstream without a contract: nothing of it is checked.`,
                  }
                : {
                      code: "upstream-missing",
                      grade: "may-fail",
                      object: name,
                      message: `Server ${name} leads to the database ${JSON.stringify(database ?? "")} at ${host ?? "localhost"}, for which there is no contract, and no server leads to ${addressOf(like)}, which has one.`,
                  };
        });
}

function finding(
    { code, grade, object, message }: Difference,
    place: Place | undefined,
    contractPlace: Place | undefined,
): ContractFinding {
    return {
        grade,
        code,
        object,
        message,
        ...(place === undefined ? {} : { place }),
        ...(contractPlace === undefined ? {} : { contractPlace }),
    };
}

/** What kept us from comparing is told: it must keep no stack from coming up. */
function notCompared(object: string, error: unknown): ContractFinding {
    const why = error instanceof Error ? error.message : String(error);
    return {
        grade: "may-fail",
        code: "not-compared",
        object,
        message: `The foreign tables could not be compared with the contract of ${object}: ${why}.`,
    };
}

/** Compares both sides by their catalogs; where types differ, PostgreSQL itself is asked what becomes of values. */
export async function compare(inspection: Inspection): Promise<Comparison> {
    try {
        return await compareAll(inspection);
    } catch (error) {
        const findings = inspection.contracts.map((contract) => notCompared(addressOf(contract), error));
        return { findings, tables: [] };
    }
}

async function compareAll(inspection: Inspection): Promise<Comparison> {
    await loadParser();
    const ask: Ask = (sql) => inspection.dev.query(sql);
    await prepareSession(ask);
    const catalog = await readLocal(ask, LOCAL);
    const here: Here = { catalog, types: byOid(catalog.types), writes: writesOf(catalog), ask };
    const found: ContractFinding[] = [];
    const serverPlace = (name: string) =>
        inspection.contracts.flatMap(({ servers }) => servers).find((server) => server.name === name)?.place;
    const tables = new Map(catalog.tables.map((table) => [`${table.schema}.${table.name}`, table]));
    const placeOf = ({ object, column }: Difference) => {
        const table = tables.get(column === undefined ? object : object.slice(0, -column.length - 1));
        return table === undefined ? serverPlace(object) : inspection.place(table.schema, table.name, column);
    };
    const compared = new Set<string>();
    for (const contract of inspection.contracts) {
        const differences = await compareWith(contract, here).catch((error: unknown) => {
            found.push(notCompared(addressOf(contract), error));
            return undefined;
        });
        const servers = new Set(differences === undefined ? [] : contract.servers.map(({ name }) => name));
        for (const { schema, name } of catalog.tables.filter(({ server }) => servers.has(server))) {
            compared.add(`${schema}.${name}`);
        }
        for (const difference of differences ?? []) {
            const { remote } = difference;
            const place = remote === undefined ? undefined : contract.place(remote.schema, remote.name, remote.column);
            found.push(finding(difference, placeOf(difference), place));
        }
    }
    found.push(...unchecked(here, inspection).map((difference) => finding(difference, placeOf(difference), undefined)));
    // A server with several hosts leads to several upstreams, which may differ in the same way.
    const findings = distinct(found).sort((a, b) => GRADES.indexOf(a.grade) - GRADES.indexOf(b.grade));
    return { findings, tables: [...compared] };
}
