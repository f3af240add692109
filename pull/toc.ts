/** The table of contents of an archive of `pg_dump`, as `pg_restore --list --verbose` prints it. */

import { keyOf } from "./catalog";

/** An entry of an archive. */
export interface TocEntry {
    /** Identifier within the archive. */
    readonly id: number;
    /** The object, as `keyOf` names it; `0:0` for what is none of its own. */
    readonly object: string;
    /** `pg_dump`'s word for its kind, for example `MATERIALIZED VIEW`. */
    readonly kind: string;
    /** Schema and name, as far as they can be told apart. */
    readonly name: string;
    /** Entries that come before it. */
    readonly needs: readonly number[];
}

/** Kinds that are kept. What is not here is left out, and said. */
const KEPT: ReadonlySet<string> = new Set([
    "ACCESS METHOD",
    "AGGREGATE",
    "CAST",
    "CHECK CONSTRAINT",
    "COLLATION",
    "CONSTRAINT",
    "CONVERSION",
    "DEFAULT",
    "DOMAIN",
    "EXTENSION",
    "FK CONSTRAINT",
    "FOREIGN TABLE",
    "FUNCTION",
    "INDEX",
    "INDEX ATTACH",
    "MATERIALIZED VIEW",
    "OPERATOR",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "PROCEDURAL LANGUAGE",
    "PROCEDURE",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "SEQUENCE OWNED BY",
    "SHELL TYPE",
    "TABLE",
    "TABLE ATTACH",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "TRANSFORM",
    "TYPE",
    "VIEW",
]);

/** Kinds that are left out and that somebody may look for. */
const SAID: ReadonlySet<string> = new Set([
    "EVENT TRIGGER",
    "FOREIGN DATA WRAPPER",
    "POLICY",
    "ROW SECURITY",
    "RULE",
    "SERVER",
    "STATISTICS",
    "TRIGGER",
    "USER MAPPING",
]);

const KINDS = [...KEPT, ...SAID].sort((a, b) => b.length - a.length);

/** Reads a table of contents. */
export function readToc(list: string): TocEntry[] {
    const entries: Array<TocEntry & { needs: number[] }> = [];
    for (const line of list.split("\n")) {
        const [, id, classOid = "", oid = "", rest = ""] = /^(\d+); (\d+) (\d+) (.*)$/.exec(line) ?? [];
        if (id !== undefined) {
            const kind = KINDS.find((one) => rest.startsWith(`${one} `)) ?? "";
            const shown = rest.slice(kind.length + 1).split(" ");
            // Its last word is the owner.
            const [schema = "-", ...name] = shown.slice(0, -1);
            entries.push({
                id: Number(id),
                object: keyOf(classOid, oid),
                kind,
                name: schema === "-" ? name.join(" ") : `${schema}.${name.join(" ")}`,
                needs: [],
            });
            continue;
        }
        const [, needs] = /^;\tdepends on: ([\d ]+)$/.exec(line) ?? [];
        entries.at(-1)?.needs.push(
            ...(needs ?? "")
                .split(" ")
                .filter((one) => one !== "")
                .map(Number),
        );
    }
    return entries.map((entry) => ({ ...entry, needs: [...new Set(entry.needs)] }));
}

/** Something that a recording does not have, and why that may matter. */
export interface LeftOut {
    readonly kind: string;
    readonly name: string;
}

export interface Filtered {
    readonly entries: readonly TocEntry[];
    readonly leftOut: readonly LeftOut[];
}

/**
 * Chooses the entries of a recording.
 *
 * @param objects Objects to keep; undefined for all.
 * @param selectRules Rules that are the queries of views.
 * @param unusable Objects that no other server can have, such as functions of a library of the upstream's.
 */
export function filterToc(
    toc: readonly TocEntry[],
    objects: ReadonlySet<string> | undefined,
    selectRules: ReadonlySet<string>,
    unusable: ReadonlySet<string>,
): Filtered {
    const kept = new Set<number>();
    const present = new Set(toc.map(({ id }) => id));
    const servers = new Set(toc.filter(({ kind }) => kind === "SERVER").map(({ id }) => id));
    const leftOut: LeftOut[] = [];
    const entries: TocEntry[] = [];
    for (const entry of toc) {
        const { id, object, kind, name, needs } = entry;
        if (kind === "SCHEMA" && name === "public") {
            // Every database has it.
            kept.add(id);
            continue;
        }
        // The table that stands for a foreign one needs no server.
        const before = needs.filter((one) => present.has(one) && !(kind === "FOREIGN TABLE" && servers.has(one)));
        const complete = before.every((one) => kept.has(one));
        const own = !object.startsWith("0:");
        const chosen = objects === undefined || !own || objects.has(object);
        const further = kind === "RULE" && !selectRules.has(object);
        if (KEPT.has(kind) && !further && chosen && complete && !unusable.has(object)) {
            kept.add(id);
            entries.push(entry);
        } else if (KEPT.has(kind) && !further ? chosen && own : SAID.has(kind) && isAbout(before)) {
            leftOut.push({ kind, name });
        }
    }
    return { entries, leftOut };

    /** Whether something that is left out belongs to what is kept. */
    function isAbout(before: readonly number[]): boolean {
        return objects === undefined || (before.length > 0 && before.every((one) => kept.has(one)));
    }
}
