/** Upstreams that the configuration declares: there before the schema runs, and completed by what it needs of them. */

import { InputError } from "../upstreams/errors";
import type { Upstream, User } from "../upstreams/model";
import { canonicalHost } from "../upstreams/names";
import { quoteIdent } from "../upstreams/quote";
import { stubStatements } from "../upstreams/script";
import { planStubs } from "../upstreams/stubs";
import type { RehearsalServer } from "./container";
import { contractOf } from "./contract/result";
import type { Contract } from "./contract/run";
import { isSame } from "./placement";
import { databaseFor } from "./servers";
import { dumpRows, dumpStub, type StubTable, tablesOf } from "./stubs";

export interface DeclaredStubs {
    /** SQL that makes each stub, rows included, by database. */
    readonly texts: ReadonlyMap<string, string>;
    /** The rows alone. */
    readonly rows: ReadonlyMap<string, string>;
    readonly given: ReadonlyMap<string, readonly StubTable[]>;
    /** Contracts by the database that they fill. */
    readonly contracts: ReadonlyMap<string, Contract>;
}

/** The database that stands for a declared upstream in a learning pass. */
export function declaredName(upstream: Upstream, plain: ReadonlySet<string>): string {
    return databaseFor({ ...upstream, host: canonicalHost(upstream.host) }, upstream.database, plain);
}

/**
 * Makes the declared stubs once and reads them back.
 *
 * @param declared Each upstream once.
 * @param plain Databases whose stub is called like them, whatever the host.
 * @throws InputError with the place of a declared statement that fails.
 */
export async function declaredStubs(
    server: RehearsalServer,
    declared: readonly Upstream[],
    contracts: ReadonlyMap<string, Contract>,
    plain: ReadonlySet<string>,
): Promise<DeclaredStubs> {
    const texts = new Map<string, string>();
    const rows = new Map<string, string>();
    const given = new Map<string, readonly StubTable[]>();
    const frozen = new Map<string, Contract>();
    for (const upstream of declared) {
        const contract = contractOf(upstream, contracts);
        if (contract !== undefined) {
            frozen.set(declaredName(upstream, plain), contract);
            texts.set(declaredName(upstream, plain), contract.text);
        }
    }
    const told = declared.filter((upstream) => contractOf(upstream, contracts) === undefined);
    if (told.length === 0) {
        return { texts, rows, given, contracts: frozen };
    }
    await server.fresh();
    const admin = await server.session("template1");
    for (const { upstream, stub } of told.flatMap((each) =>
        // Their files of rows come when all tables are there, which the schema may tell of.
        planStubs([{ ...each, seed: [] }]).databases.map((one) => ({ upstream: each, stub: one })),
    )) {
        const database = declaredName(upstream, plain);
        if (texts.has(database)) {
            // Names that differ lead to one place.
            continue;
        }
        await admin.createDatabase(database, "template0");
        const session = await server.session(database);
        const { requires, statements } = await stubStatements(stub);
        for (const name of requires) {
            await run(session, `CREATE EXTENSION ${quoteIdent(name)} CASCADE`, database);
        }
        for (const { sql, at } of statements) {
            await run(session, sql, at);
        }
        const seeded = await dumpRows(server, database);
        rows.set(database, seeded);
        given.set(database, await tablesOf(session));
        texts.set(database, (await dumpStub(server, database, seeded)).join("\n"));
        session.end();
    }
    admin.end();
    return { texts, rows, given, contracts: frozen };
}

async function run(session: Awaited<ReturnType<RehearsalServer["session"]>>, sql: string, at: string): Promise<void> {
    const { error } = await session.query(sql);
    if (error !== undefined) {
        throw new InputError(`${at}: ${error.message}. The statement: ${sql.slice(0, 300)}`);
    }
}

/** What is declared wins: a role has one password on the server. */
function mergedUsers(own: readonly User[], others: readonly User[], passwords: ReadonlyMap<string, string>): User[] {
    return [...own, ...others.filter(({ name }) => !own.some((user) => user.name === name))].map((user) => {
        const password = passwords.get(user.name) ?? others.find(({ name }) => name === user.name)?.password;
        return password === undefined ? user : { ...user, password };
    });
}

/** The declared upstreams, completed by what was derived, and the derived ones besides. */
export function completed(declared: readonly Upstream[], derived: readonly Upstream[]): Upstream[] {
    const passwords = new Map(
        declared.flatMap(({ users }) =>
            users.flatMap(({ name, password }) => (password === undefined ? [] : [[name, password] as const])),
        ),
    );
    const own = declared.map((upstream) => {
        const other = derived.find((each) => isSame(each, upstream));
        return {
            ...upstream,
            ...other,
            ...address(upstream),
            users: mergedUsers(upstream.users, other?.users ?? [], passwords),
        };
    });
    const rest = derived
        .filter((each) => !declared.some((upstream) => isSame(upstream, each)))
        .map((each) => ({ ...each, users: mergedUsers([], each.users, passwords) }));
    return [...own, ...rest];
}

function address({ host, port, database, stub }: Upstream) {
    return { host, port, database, ...(stub === undefined ? {} : { stub }) };
}
