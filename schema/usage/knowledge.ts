/** All that was learned of imported tables so far, and what a look at one more statement adds to it. */

import type { Place } from "../report";
import { printedType } from "../types";
import type { Relation } from "./analysis";
import { Dblink, type RemoteWorld } from "./dblink";
import { type AmbiguousTable, Imports, type ObservedImport } from "./imports";
import { Overlays } from "./overlays";
import { Sources } from "./sources";
import type { Output } from "./terms";
import { type RemoteTable, STRENGTH, Unknowns, type Upstream } from "./unknowns";

/** What is told of a remote table beforehand. */
export interface GivenTable {
    readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>;
    /** There are no other columns, and what is not there is missing: a contract tells it, not a line or two. */
    readonly whole: boolean;
}

/** What the user tells of a remote table, or a contract. */
export type Given = (upstream: Upstream, schema: string, table: string) => GivenTable | undefined;

export class Knowledge implements RemoteWorld {
    readonly unknowns = new Unknowns();
    readonly overlays: Overlays;
    readonly dblink: Dblink;
    readonly sources: Sources;
    /** Tables that one of several imports brings, and nothing tells which. */
    readonly ambiguous: AmbiguousTable[] = [];
    /** Results of views by oid, while their definition is the same. */
    readonly views = new Map<string, { readonly definition: string; readonly output: Output }>();
    private readonly tables = new Map<string, RemoteTable>();

    constructor(
        private readonly given: Given,
        readonly imports = new Imports(),
        /** For a trial: what was known before it. */
        private readonly before?: Knowledge,
    ) {
        this.sources = before?.sources ?? new Sources();
        this.overlays = new Overlays(before?.overlays);
        this.dblink = new Dblink(this, before?.dblink);
    }

    /** For going through a statement only to see which names it asks for. What it learns is thrown away. */
    trial(): Knowledge {
        return new Knowledge(this.given, this.imports, this);
    }

    get isTrial(): boolean {
        return this.before !== undefined;
    }

    /** Is there anything of which columns could be learned? */
    get expects(): boolean {
        return this.imports.list.length > 0;
    }

    imported(observed: ObservedImport): void {
        if (this.imports.add(observed) && observed.list === "limit") {
            for (const name of observed.tables) {
                this.importedTable(observed, name, { file: observed.file, line: observed.line });
            }
        }
    }

    /** The table of a local name that an import brings, once it is asked for. */
    bringing(schema: string, name: string, place: Place): RemoteTable | undefined {
        const from = this.importOf(schema, name, place);
        return from === undefined ? undefined : this.importedTable(from, name, place);
    }

    /** The import that brings a table; that several may is kept, to be said. */
    importOf(schema: string, name: string, place: Place): ObservedImport | undefined {
        const found = this.imports.bringing(
            schema,
            name,
            (from) =>
                this.given(from.server, from.remoteSchema, name) !== undefined ||
                this.tables.has(markOf(from.server, from.remoteSchema, name)),
        );
        if (found !== undefined && found.candidates.length > 0) {
            this.ambiguous.push({ name, candidates: found.candidates, place });
        }
        return found?.from;
    }

    private importedTable(from: ObservedImport, name: string, place: Place): RemoteTable {
        const table = this.remote(from.server, from.remoteSchema, name, place, `${from.localSchema}.${name}`);
        if (!table.locals.some((local) => local.schema === from.localSchema)) {
            table.locals.push({ schema: from.localSchema, name });
        }
        return table;
    }

    /** A table of an upstream; what the user tells of it comes first. */
    remote(upstream: Upstream, schema: string, name: string, place: Place, local?: string): RemoteTable {
        const mark = markOf(upstream, schema, name);
        const known = this.tables.get(mark);
        if (known !== undefined) {
            return known;
        }
        const table = this.unknowns.table(upstream, schema, name, place, local);
        this.tables.set(mark, table);
        return table;
    }

    /** What is told of a table beforehand. */
    givenTable({ upstream, schema, name }: RemoteTable): ReturnType<Given> {
        return this.given(upstream, schema, name);
    }

    /** What a query sees of a remote table: what the user tells of it, and what else may be asked for. */
    outputOf(table: RemoteTable, place: Place): Output {
        const columns = (this.givenTable(table)?.columns ?? []).map(({ name, type }) => {
            const term = this.unknowns.column(table.id, name, place);
            this.unknowns.hint(term, printedType(type), STRENGTH.given, "told by the user");
            return { name, term };
        });
        return { columns, open: [table.id] };
    }

    remoteRelation(upstream: Upstream, schema: string, name: string, place: Place, local?: string): Relation {
        const table = this.remote(upstream, schema, name, place, local);
        return { schema, name, output: this.outputOf(table, place), remote: table.id };
    }

    view(oid: string, definition: string): Output | undefined {
        const known = this.views.get(oid) ?? this.before?.views.get(oid);
        return known?.definition === definition ? known.output : undefined;
    }
}

function markOf(upstream: Upstream, schema: string, name: string): string {
    return JSON.stringify([upstream, schema, name]);
}
