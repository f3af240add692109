/** Records the DDL of an upstream: nothing is written there, nothing of its rows is read. */

import type Docker from "dockerode";
import * as z from "zod";
import { DUMP_SCHEMA } from "../rehearsal/stubs";
import { InputError } from "../upstreams/errors";
import { loadParser } from "../upstreams/parser";
import { quoteQualified } from "../upstreams/quote";
import { namesInBody } from "./bodies";
import {
    beginReading,
    type Catalog,
    CLASS,
    keyOf,
    knownRoles,
    OLDEST_SERVER,
    type Relation,
    readCatalog,
    readGrants,
    type Server,
} from "./catalog";
import { type Limits, PullClient } from "./client";
import { type PullConnection, readConnection, type Surroundings } from "./connection";
import { entryText, splitEntries } from "./entries";
import { checkPrivileges, connectionError, refuseStub } from "./explain";
import { recordingText } from "./file";
import { type Grantable, grantStatements } from "./grants";
import { select, type TableName } from "./selection";
import { PsqlError, PsqlSession } from "./session";
import { filterToc, readToc, type TocEntry } from "./toc";

const pairs = z.array(z.tuple([z.string(), z.string()]));

/** What a statement and a lock may take: whoever works there must not notice. */
const LIMITS: Limits = { statement: 60, lock: 5 };
/** Seconds that `pg_dump` may take, which sets no limit to its own queries. */
const DUMP_SECONDS = 600;
/** Names in one pattern of `pg_dump`: each is a query of its own, and a long one is slow. */
const NAMES_IN_PATTERN = 100;

export interface PullRequest {
    readonly docker: Docker;
    /** Image whose `pg_dump` is used; it is here. */
    readonly image: string;
    /** The same as the user knows it. */
    readonly imageName: string;
    /** Name of the upstream. */
    readonly name: string;
    /** The connection string; undefined where only libpq's variables count. */
    readonly from: string | undefined;
    /** Where it comes from, for messages. */
    readonly source: string;
    /** Tables to record with what they need; undefined for everything. */
    readonly tables: readonly TableName[] | undefined;
    /** Schemas that must be there, whatever is in them. */
    readonly schemas: readonly string[];
    /** Roles whose privileges are recorded. */
    readonly roles: readonly string[];
    readonly around: Surroundings;
    readonly limits?: Limits;
}

export interface Pulled {
    readonly text: string;
    readonly server: Server;
    /** Tables that it holds. */
    readonly tables: number;
    readonly warnings: readonly string[];
}

/**
 * Records an upstream.
 *
 * @throws InputError where it cannot be reached, logged in to or read; it never holds a password.
 */
export async function pull(request: PullRequest): Promise<Pulled> {
    const connection = readConnection(request.from, request.source, request.around);
    await loadParser();
    const client = await PullClient.start(
        request.docker,
        { id: request.image, name: request.imageName },
        connection,
        request.limits ?? LIMITS,
    );
    try {
        return await new Pull(request, connection, client).run();
    } finally {
        await client.end();
    }
}

function shown({ schema, name }: TableName): string {
    return `${schema}.${name}`;
}

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

function extensionsOf(entries: readonly TocEntry[]): string[] {
    return entries.filter(({ kind }) => kind === "EXTENSION").map(({ name }) => name);
}

/** Patterns of `pg_dump` that match these names and no others. */
export function patternsFor(tables: readonly TableName[]): string[] {
    const literal = (name: string) => `"${name.replaceAll('"', '""')}"`;
    return [...new Set(tables.map(({ schema }) => schema))].sort(compare).flatMap((schema) => {
        const names = tables.filter((table) => table.schema === schema).map(({ name }) => literal(name));
        return Array.from({ length: Math.ceil(names.length / NAMES_IN_PATTERN) }, (_, n) => {
            const some = names.slice(n * NAMES_IN_PATTERN, (n + 1) * NAMES_IN_PATTERN);
            return `${literal(schema)}.(${some.join("|")})`;
        });
    });
}

class Pull {
    private readonly warnings: string[] = [];

    constructor(
        private readonly request: PullRequest,
        private readonly connection: PullConnection,
        private readonly client: PullClient,
    ) {}

    async run(): Promise<Pulled> {
        const { request, client } = this;
        const major = await this.majorHere();
        const session = await PsqlSession.open(client);
        try {
            const server = await this.atUpstream(() => beginReading(session));
            this.checkVersion(server, major);
            const catalog = await this.atUpstream(() => readCatalog(session));
            const { tables: wanted } = request;
            const selection = select(catalog, wanted, request.schemas, namesInBody);
            const [absent] = selection.missing;
            if (absent !== undefined) {
                this.warnings.push(
                    `The upstream has no ${selection.missing.map(shown).sort(compare).join(", ")}, which the schema uses.`,
                );
            }
            checkPrivileges(request.source, server, catalog, selection.relations);
            const toc = readToc(await this.dump(server, catalog, selection.relations, major));
            refuseStub(this.connection.database, extensionsOf(toc));
            const unusable = new Set(
                catalog.routines
                    .filter(({ language }) => language === "c" || language === "internal")
                    .map(({ oid }) => keyOf(CLASS.routine, oid)),
            );
            const { entries, leftOut } = filterToc(
                toc,
                wanted === undefined ? undefined : selection.objects,
                catalog.selectRules,
                unusable,
            );
            const texts = splitEntries(await this.restore(entries), entries);
            const roles = await this.atUpstream(() => this.rolesThere(session));
            const grants = await this.atUpstream(() => this.grants(session, catalog, entries, roles));
            await this.checkExtensions(entries);
            return {
                text: recordingText({
                    name: request.name,
                    at: new Date(),
                    server: server.version,
                    filter: wanted?.map(shown).sort(compare),
                    roles,
                    leftOut,
                    entries: entries.map((entry, index) => ({ entry, sql: entryText(entry, texts[index] ?? "") })),
                    grants,
                }),
                server,
                tables: entries.filter(({ kind }) => /^(?:FOREIGN )?TABLE$|VIEW$/.test(kind)).length,
                warnings: this.warnings,
            };
        } finally {
            session.end();
        }
    }

    /** Something that talks to the upstream: what goes wrong there is said in words. */
    private async atUpstream<T>(work: () => Promise<T>): Promise<T> {
        const { client, connection, request } = this;
        try {
            return await work();
        } catch (error) {
            if (error instanceof PsqlError) {
                const { refusals, pending } = client.tunnel;
                throw connectionError(request.source, connection, client.asUserKnows(error.message), refusals, pending);
            }
            throw error;
        }
    }

    private async majorHere(): Promise<number> {
        const said = await this.client.run("pg_dump --version");
        return Number(/\) (\d+)/.exec(said)?.[1] ?? 0);
    }

    private checkVersion({ number, version }: Server, major: number): void {
        const { source, imageName: image } = this.request;
        const its = Math.floor(number / 10_000);
        if (number < OLDEST_SERVER) {
            throw new InputError(`${source}: the upstream is PostgreSQL ${version}; it can be recorded from 11 on.`);
        }
        if (its > major) {
            throw new InputError(
                `${source}: the upstream is PostgreSQL ${version}, newer than the pg_dump ${major} of the image ${image}, which cannot read it. Use a newer image for this: --image postgres:${its}`,
            );
        }
    }

    /** Dumps into a file of the container, and gives its table of contents. */
    private async dump(
        { snapshot }: Server,
        { relations }: Catalog,
        kept: readonly Relation[],
        major: number,
    ): Promise<string> {
        const keeps = new Set(kept);
        const { lock } = this.request.limits ?? LIMITS;
        const others = patternsFor(relations.filter((one) => !keeps.has(one) && !one.extension));
        const options = [
            "--no-password",
            "--format=custom",
            "--file=/pull/dump",
            ...DUMP_SCHEMA,
            // 15 and later; without it the name of the upstream's default stands in each table.
            ...(major < 15 ? [] : ["--no-table-access-method"]),
            `--lock-wait-timeout=${lock}s`,
            ...(snapshot === null ? [] : [`--snapshot=${snapshot}`]),
            ...others.map((pattern) => `--exclude-table=${pattern}`),
        ];
        try {
            await this.client.run(`timeout --signal=INT ${DUMP_SECONDS} pg_dump "$@"`, options);
        } catch (error) {
            throw this.dumpError(error);
        }
        return this.client.run("pg_restore --list --verbose /pull/dump");
    }

    private dumpError(error: unknown): Error {
        const said = this.client.asUserKnows(error instanceof Error ? error.message : String(error));
        const { source } = this.request;
        // What `timeout` ends with.
        if (/ended with status 124\b/.test(said)) {
            return new InputError(`${source}: pg_dump took longer than ${DUMP_SECONDS} s and was ended.`);
        }
        const { refusals, pending } = this.client.tunnel;
        return connectionError(source, this.connection, said, refusals, pending);
    }

    private async restore(entries: readonly TocEntry[]): Promise<string> {
        await this.client.put("/pull/list", entries.map(({ id }) => `${id};\n`).join(""));
        return this.client.run(
            "pg_restore --verbose --no-owner --no-privileges --use-list=/pull/list --file=- /pull/dump 2>/dev/null",
        );
    }

    private async rolesThere(session: PsqlSession): Promise<string[]> {
        const { roles } = this.request;
        if (roles.length === 0) {
            return [];
        }
        const there = await knownRoles(session, roles);
        const absent = roles.filter((role) => !there.includes(role));
        if (absent.length > 0) {
            this.warnings.push(
                `The upstream has no role ${absent.map((role) => JSON.stringify(role)).join(", ")}, which a user mapping names: its privileges are not recorded.`,
            );
        }
        return there;
    }

    private async grants(
        session: PsqlSession,
        catalog: Catalog,
        entries: readonly TocEntry[],
        roles: readonly string[],
    ): Promise<string[]> {
        if (roles.length === 0) {
            return [];
        }
        const named = await this.grantables(session, catalog, entries);
        const of = (...kinds: readonly string[]) =>
            named.filter(({ what }) => kinds.includes(what)).map(({ object }) => object.slice(object.indexOf(":") + 1));
        const found = await readGrants(session, roles, {
            relations: of("TABLE"),
            sequences: of("SEQUENCE"),
            schemas: of("SCHEMA"),
            routines: of("FUNCTION", "PROCEDURE"),
        });
        return grantStatements(named, found, roles);
    }

    /** What privileges can be had on, in the order of the file; `public` is everybody's, and so in no entry. */
    private async grantables(
        session: PsqlSession,
        { schemas, relations }: Catalog,
        entries: readonly TocEntry[],
    ): Promise<Grantable[]> {
        const byKey = new Map(relations.map((one) => [keyOf(CLASS.relation, one.oid), one]));
        const sequences = entries.filter(({ kind }) => kind === "SEQUENCE").map(({ object }) => object);
        const routines = entries
            .filter(({ kind }) => kind === "FUNCTION" || kind === "PROCEDURE" || kind === "AGGREGATE")
            .map(({ object }) => object);
        const ids = (keys: readonly string[]) => keys.map((key) => key.slice(key.indexOf(":") + 1)).join(",");
        const names = new Map(await this.quotedNames(session, ids(sequences), ids(routines)));
        return [
            ...schemas
                .filter(
                    ({ name, oid }) =>
                        name === "public" || entries.some(({ object }) => object === keyOf(CLASS.schema, oid)),
                )
                .map(
                    ({ name, oid }): Grantable => ({
                        object: keyOf(CLASS.schema, oid),
                        what: "SCHEMA",
                        name: quoteQualified(name),
                        usual: name === "public" ? ["USAGE"] : [],
                    }),
                )
                .sort((a, b) => compare(a.name, b.name)),
            ...entries.flatMap(({ object, kind }): Grantable[] => {
                const relation = byKey.get(object);
                const name = names.get(object);
                if (relation !== undefined) {
                    return [{ object, what: "TABLE", name: quoteQualified(relation.schema, relation.name), usual: [] }];
                }
                if (name === undefined) {
                    return [];
                }
                return kind === "SEQUENCE"
                    ? [{ object, what: "SEQUENCE", name, usual: [] }]
                    : [{ object, what: kind === "PROCEDURE" ? kind : "FUNCTION", name, usual: ["EXECUTE"] }];
            }),
        ];
    }

    private async quotedNames(
        session: PsqlSession,
        sequences: string,
        routines: string,
    ): Promise<Array<readonly [string, string]>> {
        const found = await session.json(
            `SELECT coalesce(jsonb_agg(jsonb_build_array(key, name)), '[]') FROM (
                SELECT '${CLASS.relation}:' || c.oid AS key, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ('{${sequences}}'::oid[])
                UNION ALL
                SELECT '${CLASS.routine}:' || p.oid, p.oid::regprocedure::text
                FROM pg_proc p WHERE p.oid = ANY ('{${routines}}'::oid[])) AS q`,
        );
        return pairs.parse(found);
    }

    /** Extensions that the image has not: whatever runs the file there stops at them. */
    private async checkExtensions(entries: readonly TocEntry[]): Promise<void> {
        const wanted = extensionsOf(entries);
        if (wanted.length === 0) {
            return;
        }
        const here = await this.client.run(
            'ls "$(pg_config --sharedir 2>/dev/null || echo "/usr/share/postgresql/$PG_MAJOR")/extension" 2>/dev/null || true',
        );
        const absent = wanted.filter((name) => !here.split("\n").includes(`${name}.control`));
        if (here !== "" && absent.length > 0) {
            this.warnings.push(
                `The image ${this.request.imageName} has no extension ${absent.join(", ")}, which the upstream's objects need. Use an image that has it as \`image\`.`,
            );
        }
    }
}
