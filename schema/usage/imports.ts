/** IMPORT FOREIGN SCHEMA as it ran, and which import brings a table of some name. */

import type { Place } from "../report";

export interface ImportStatement {
    readonly server: string;
    readonly remoteSchema: string;
    readonly localSchema: string;
    readonly list: "all" | "limit" | "except";
    /** Names after LIMIT TO or EXCEPT. */
    readonly tables: readonly string[];
}

/** An IMPORT FOREIGN SCHEMA as it ran. */
export interface ObservedImport extends ImportStatement, Place {}

export interface AmbiguousTable {
    readonly name: string;
    readonly candidates: readonly ObservedImport[];
    readonly place: Place;
}

/** Schemas that every database has: nothing of them is sought. */
const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(["pg_catalog", "information_schema"]);

export class Imports {
    readonly list: ObservedImport[] = [];

    /** @returns false where nothing new follows from it. */
    add(observed: ObservedImport): boolean {
        if (SYSTEM_SCHEMAS.has(observed.remoteSchema)) {
            return false;
        }
        const same = this.list.some(
            (each) =>
                each.server === observed.server &&
                each.remoteSchema === observed.remoteSchema &&
                each.localSchema === observed.localSchema &&
                each.list === observed.list &&
                each.tables.join("\0") === observed.tables.join("\0"),
        );
        if (!same) {
            this.list.push(observed);
        }
        return !same;
    }

    /** Is a foreign table with these options one that an import brought? */
    brought(server: string, schema: string, name: string): boolean {
        return this.list.some((each) => each.server === server && each.remoteSchema === schema && admits(each, name));
    }

    /**
     * The import that brings a table into a local schema. One that names the table is certain, and so is one of whose
     * schema something tells that it has the table; of several others any may bring it, and scripts use what they have
     * just imported.
     */
    bringing(
        schema: string,
        name: string,
        has: (from: ObservedImport) => boolean,
    ): { readonly from: ObservedImport; readonly candidates: readonly ObservedImport[] } | undefined {
        const candidates = this.list.filter((each) => each.localSchema === schema && admits(each, name));
        const sure = candidates.find(({ list }) => list === "limit") ?? candidates.find(has);
        const from = sure ?? candidates.at(-1);
        const apart = new Set(candidates.map(({ server, remoteSchema }) => `${server}\0${remoteSchema}`));
        return from === undefined
            ? undefined
            : { from, candidates: sure === undefined && apart.size > 1 ? candidates : [] };
    }
}

/** Does an import bring a table of this name? */
export function admits(from: ObservedImport, name: string): boolean {
    return from.list === "all" || from.tables.includes(name) === (from.list === "limit");
}
