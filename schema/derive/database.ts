/**
 * One database while its statements are interpreted: the catalog, the session's settings, and the look-up of names as
 * PostgreSQL does it.
 */

import type { TypeName } from "libpg-query";
import type { QualifiedName } from "../parse/ast";
import type { Place } from "../report";
import type { AnalyzerHost } from "../usage/analysis";
import { Analyzer } from "../usage/analyze";
import { Unknowns } from "../usage/unknowns";
import {
    type Catalog,
    childrenOf,
    emptyCatalog,
    type Import,
    key,
    type Mapping,
    type Relation,
    type Routine,
    type Server,
} from "./catalog";
import { type RecordedCall, recordDblink } from "./dblink";
import type { Environment } from "./evaluate";
import { Findings } from "./findings";
import { type NeededServer, Needs } from "./needs";
import { type ColumnType, resolveType, type TypeLookup } from "./types";
import { wrapperKind } from "./wrappers";

/** Where a statement stands. Statements inside a DO block have the place of that statement in the block. */
export interface Site {
    readonly file: string;
    readonly line: number;
    readonly sql: string;
    lineAt(location: number | undefined): number;
    /** What exists already is no error here: the statement is guarded by IF NOT EXISTS or an exception handler. */
    readonly guarded?: boolean;
    /** It stands in a block, where names can be variables. */
    readonly inBlock?: boolean;
    /** Values of the block's variables that are certain. */
    readonly environment?: Environment;
}

export function placeOf(site: Site, location?: number): Place {
    return { file: site.file, line: location === undefined ? site.line : site.lineAt(location) };
}

/** What all databases of one reading share. */
export class Shared {
    readonly findings = new Findings();
    private last = 0;
    /** Does the user tell of a table at an upstream's database? */
    describes: (database: string, schema: string, table: string) => boolean = () => false;

    constructor(
        /** The user of the dev database: CURRENT_USER. */
        readonly devUser: string,
    ) {}

    next(): number {
        this.last += 1;
        return this.last;
    }
}

/** Something connects as a role that has no user mapping on the server. */
export interface Unmapped {
    readonly server: string;
    readonly role: string;
    /** The statement, for people. */
    readonly what: string;
    readonly place: Place;
    /** The mappings that there are. */
    readonly mapped: readonly Mapping[];
}

/** A query that names relations not known yet: looked at again when all is read. */
interface Postponed {
    readonly run: () => void;
}

export class Database {
    catalog: Catalog = emptyCatalog();
    path: string[] = ["public"];
    /** After SET ROLE; undefined for the dev database's own user. */
    role: string | undefined;
    checkBodies = true;
    /** What SET LOCAL hides until the transaction ends. */
    private saved: { path: string[]; role: string | undefined } | undefined;
    readonly unknowns = new Unknowns();
    readonly needs = new Needs();
    readonly postponed: Postponed[] = [];
    /** Statements of a kind that says that this is a schema and no administration. */
    substance = 0;
    foreignObjects = 0;
    /** Tables that one of several imports brings, and nothing tells which. */
    readonly ambiguous: Array<{ name: string; candidates: readonly Import[]; place: Place }> = [];
    /** Extensions that were there at some moment. */
    readonly madeExtensions = new Set<string>();
    /** What connects as a role that has no user mapping. */
    readonly unmapped: Unmapped[] = [];
    /** Calls of dblink, in order; looked at when all is read. */
    readonly dblinkCalls: RecordedCall[] = [];

    constructor(
        readonly shared: Shared,
        /** After `\c`; undefined before it. */
        readonly label: string | undefined,
    ) {}

    get findings(): Findings {
        return this.shared.findings;
    }

    session(): void {
        this.path = ["public"];
        this.role = undefined;
        this.checkBodies = true;
        this.saved = undefined;
    }

    setLocal(): void {
        this.saved ??= { path: this.path, role: this.role };
    }

    endTransaction(): void {
        if (this.saved !== undefined) {
            this.path = this.saved.path;
            this.role = this.saved.role;
            this.saved = undefined;
        }
    }

    /** The schema that an unqualified CREATE goes to. */
    creationSchema(name: QualifiedName): string {
        return name.schema ?? this.path.find((each) => each !== "pg_catalog" && each !== "$user") ?? "public";
    }

    // Types

    lookup(path = this.path): TypeLookup {
        const find = <T>(
            items: ReadonlyMap<string, T>,
            schema: string | undefined,
            name: string,
        ): string | undefined => {
            const schemas = schema === undefined ? path : [schema];
            const own = schemas.map((each) => key(each, name)).find((each) => items.has(each));
            if (own !== undefined || schema !== undefined) {
                return own;
            }
            // A search_path set elsewhere (ALTER ROLE … SET) can make any schema visible: one candidate is certain.
            const suffix = `\0${name}`;
            const others = [...items.keys()].filter((each) => each.endsWith(suffix));
            return others.length === 1 ? others[0] : undefined;
        };
        return {
            userType: (schema, name) => find(this.catalog.types, schema, name),
            rowType: (schema, name) => find(this.catalog.relations, schema, name) !== undefined,
        };
    }

    type(type: TypeName | undefined, path = this.path): ColumnType {
        return resolveType(type, this.lookup(path));
    }

    // Relations

    add(relation: Omit<Relation, "id" | "version" | "reads" | "calls" | "renamed">): Relation {
        const full: Relation = {
            ...relation,
            id: this.shared.next(),
            version: this.shared.next(),
            reads: [],
            calls: [],
            renamed: [],
        };
        const mark = key(relation.schema, relation.name);
        const before = this.catalog.relations.get(mark);
        if (before !== undefined) {
            this.catalog.byId.delete(before.id);
        }
        this.catalog.relations.set(mark, full);
        this.catalog.byId.set(full.id, full);
        return full;
    }

    remove(relation: Relation): void {
        this.catalog.relations.delete(key(relation.schema, relation.name));
        this.catalog.byId.delete(relation.id);
    }

    /** Gives a relation another name or schema. */
    move(relation: Relation, schema: string, name: string): void {
        this.catalog.relations.delete(key(relation.schema, relation.name));
        relation.schema = schema;
        relation.name = name;
        relation.version = this.shared.next();
        this.catalog.relations.set(key(schema, name), relation);
    }

    touch(relation: Relation): void {
        relation.version = this.shared.next();
    }

    /** The relation of a name, with tables of IMPORT FOREIGN SCHEMA found by their use. */
    relation(name: QualifiedName, place: Place, path = this.path): Relation | undefined {
        if (name.schema !== undefined) {
            return (
                this.catalog.relations.get(key(name.schema, name.name)) ?? this.imported(name.schema, name.name, place)
            );
        }
        for (const schema of path) {
            const found = this.catalog.relations.get(key(schema, name.name));
            if (found !== undefined) {
                return found;
            }
        }
        if (name.name.startsWith("pg_")) {
            return undefined;
        }
        for (const schema of path) {
            const found = this.imported(schema, name.name, place);
            if (found !== undefined) {
                return found;
            }
        }
        const others: Relation[] = [];
        for (const relation of this.byName(name.name)) {
            others.push(relation);
        }
        return others.length === 1 ? others[0] : undefined;
    }

    private *byName(name: string): Iterable<Relation> {
        for (const schema of [...this.catalog.schemas.keys(), "public"]) {
            const found = this.catalog.relations.get(key(schema, name));
            if (found !== undefined) {
                yield found;
            }
        }
    }

    private imported(schema: string, name: string, place: Place): Relation | undefined {
        const candidates = this.catalog.imports.filter((each) => each.localSchema === schema && admits(each, name));
        // One that names the table is certain, here or where the same schema is imported once more. Of several others
        // any may bring it; scripts use what they have just imported.
        const sure =
            candidates.find(({ list }) => list === "limit") ?? candidates.find((each) => this.hasTable(each, name));
        const chosen = sure ?? candidates.at(-1);
        if (chosen === undefined) {
            return undefined;
        }
        if (sure === undefined && candidates.length > 1) {
            this.ambiguous.push({ name, candidates, place });
        }
        return this.importTable(chosen, name, place);
    }

    /** Is the table of that name there, as far as the user and other imports of the same schema tell? */
    private hasTable(from: Import, name: string): boolean {
        const database = this.catalog.servers.get(from.server)?.options.get("dbname") ?? "";
        if (this.shared.describes(database, from.remoteSchema, name)) {
            return true;
        }
        const same = new Set(
            this.catalog.imports
                .filter(({ server, remoteSchema }) => server === from.server && remoteSchema === from.remoteSchema)
                .map(({ id }) => id),
        );
        return this.unknowns.tables.some((table) => table.name === name && same.has(table.importId));
    }

    /** Makes the foreign table that an import brings. */
    importTable(from: Import, name: string, place: Place): Relation {
        const remote = this.unknowns.table(from.id, from.remoteSchema, name, place);
        return this.add({
            schema: from.localSchema,
            name,
            kind: "foreign",
            place,
            columns: [],
            parents: [],
            missingParents: [],
            server: from.server,
            options: new Map([
                ["schema_name", from.remoteSchema],
                ["table_name", name],
            ]),
            remote: remote.id,
        });
    }

    // Routines

    routines(name: QualifiedName, path = this.path): readonly Routine[] {
        if (name.schema !== undefined) {
            return this.catalog.routines.get(key(name.schema, name.name)) ?? [];
        }
        for (const schema of [...path, "public"]) {
            const found = this.catalog.routines.get(key(schema, name.name));
            if (found !== undefined) {
                return found;
            }
        }
        return [];
    }

    // Analysis

    analyzer(site: Site, path = this.path): Analyzer {
        const host: AnalyzerHost = {
            unknowns: this.unknowns,
            relation: (name, place) => this.relation(name, place, path),
            routines: (name) => this.routines(name, path),
            type: (type) => this.type(type, path),
            place: (location) => placeOf(site, location),
            dblink: (call) => recordDblink(this, site, call),
        };
        return new Analyzer(host);
    }

    postpone(run: () => void): void {
        this.postponed.push({ run });
    }

    // Needs

    serverNeed(name: string, place: Place): NeededServer {
        const server = this.catalog.servers.get(name);
        return this.needs.server(name, server, this.kindOf(server), place);
    }

    kindOf(server: Server | undefined): ReturnType<typeof wrapperKind> {
        if (server === undefined) {
            return { kind: "unknown" };
        }
        return wrapperKind(server.wrapper, this.catalog.wrappers.get(server.wrapper));
    }

    /** Everything foreign that reading these relations and calling these routines can reach. */
    reach(reads: Iterable<number>, calls: Iterable<string>): Relation[] {
        const found = new Map<number, Relation>();
        const seen = new Set<number>();
        const visit = (id: number) => {
            if (seen.has(id)) {
                return;
            }
            seen.add(id);
            const relation = this.catalog.byId.get(id);
            if (relation === undefined) {
                return;
            }
            if (relation.kind === "foreign") {
                found.set(id, relation);
            } else if (relation.kind === "view") {
                relation.reads.forEach(visit);
                routines(relation.calls);
            }
            if (relation.kind === "table" || relation.kind === "foreign") {
                for (const each of childrenOf(this.catalog, id)) {
                    visit(each.id);
                }
            }
        };
        const routines = (names: Iterable<string>) => {
            for (const name of names) {
                if (this.catalog.routines.has(name)) {
                    // What a routine reads depends on its arguments: it may read anything foreign.
                    for (const relation of this.catalog.relations.values()) {
                        if (relation.kind === "foreign") {
                            found.set(relation.id, relation);
                        }
                    }
                    return;
                }
            }
        };
        for (const id of reads) {
            visit(id);
        }
        routines(calls);
        return [...found.values()];
    }

    /** Something connects now: what these tables are at this moment is needed. `certain`: it surely connects. */
    connect(relations: readonly Relation[], site: Site, what: string, certain = true): void {
        for (const relation of relations) {
            if (relation.server === undefined) {
                continue;
            }
            const needed = this.serverNeed(relation.server, relation.place);
            this.needs.table(needed, relation, false);
            this.useMapping(needed, placeOf(site), what, certain);
        }
    }

    useMapping(needed: NeededServer, place: Place, what: string, certain: boolean): void {
        if (needed.server === undefined) {
            return;
        }
        const role = this.role ?? this.shared.devUser;
        const mappings = [...this.catalog.mappings.values()].filter((each) => each.server === needed.name);
        const mapping = mappings.find((each) => each.role === role) ?? mappings.find((each) => each.role === "public");
        for (const each of mappings) {
            this.needs.mapping(needed, each);
        }
        if (mapping === undefined && certain && needed.kind.kind === "postgres") {
            this.unmapped.push({ server: needed.name, role, what, place, mapped: mappings });
        }
    }
}

/** Does an import bring a table of this name? */
export function admits(from: Import, name: string): boolean {
    return from.list === "all" || from.tables.includes(name) === (from.list === "limit");
}
