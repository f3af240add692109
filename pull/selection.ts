/** Which of an upstream's objects a recording has: what is asked for, and all that it needs to exist. */

import type { BodyName } from "./bodies";
import { type Catalog, CLASS, type Edge, keyOf, type Relation } from "./catalog";

/** A table as the schema names it. */
export interface TableName {
    readonly schema: string;
    readonly name: string;
}

export interface Selection {
    /** Objects to keep, as `keyOf` names them. */
    readonly objects: ReadonlySet<string>;
    readonly relations: readonly Relation[];
    /** Tables that were asked for and that the upstream has not, or does not show. */
    readonly missing: readonly TableName[];
}

/** What a relation owns and is made with. Triggers, policies, statistics and rules that are no view's query are not. */
const OWNED: ReadonlySet<string> = new Set([CLASS.relation, CLASS.default, CLASS.constraint, CLASS.rule, CLASS.type]);
/** Kept where everything that they need is kept: they join two things and belong to neither. */
const JOINING: ReadonlySet<string> = new Set([CLASS.cast, CLASS.operator, CLASS.operatorClass, CLASS.operatorFamily]);

function classOf(key: string): string {
    return key.slice(0, key.indexOf(":"));
}

function grouped(edges: readonly Edge[], by: "from" | "to"): Map<string, Edge[]> {
    const groups = new Map<string, Edge[]>();
    for (const edge of edges) {
        const group = groups.get(edge[by]);
        if (group === undefined) {
            groups.set(edge[by], [edge]);
        } else {
            group.push(edge);
        }
    }
    return groups;
}

/** Objects by what a body may call them. */
function nameIndex({ relations, routines, types }: Catalog): (name: BodyName) => string[] {
    const index = new Map<string, string[]>();
    const add = (kind: BodyName["kind"], classOid: string, objects: ReadonlyArray<TableName & { oid: string }>) => {
        for (const { schema, name, oid } of objects) {
            for (const mark of [JSON.stringify([kind, name]), JSON.stringify([kind, name, schema])]) {
                index.set(mark, [...(index.get(mark) ?? []), keyOf(classOid, oid)]);
            }
        }
    };
    add("relation", CLASS.relation, relations);
    add("routine", CLASS.routine, routines);
    add("type", CLASS.type, types);
    return ({ kind, schema, name }) =>
        index.get(JSON.stringify(schema === undefined ? [kind, name] : [kind, name, schema])) ?? [];
}

/**
 * @param wanted Tables whose rows are asked for; undefined for everything.
 * @param schemas Schemas that are asked for by name, whatever is in them.
 * @param bodyNames What the body of a function names.
 */
export function select(
    catalog: Catalog,
    wanted: readonly TableName[] | undefined,
    schemas: readonly string[],
    bodyNames: (definition: string, language: string) => readonly BodyName[],
): Selection {
    const relations = catalog.relations.filter(({ extension }) => !extension);
    if (wanted === undefined) {
        return { objects: new Set(), relations, missing: [] };
    }
    const byName = new Map(catalog.relations.map((one) => [JSON.stringify([one.schema, one.name]), one]));
    const partitions = new Set(
        catalog.relations.filter(({ partition }) => partition).map(({ oid }) => keyOf(CLASS.relation, oid)),
    );
    const routines = new Map(catalog.routines.map((one) => [keyOf(CLASS.routine, one.oid), one]));
    const named = nameIndex(catalog);
    const needs = grouped(catalog.edges, "from");
    const owned = grouped(catalog.edges, "to");
    const objects = new Set<string>();
    const queue: string[] = [];
    const visit = (key: string) => {
        if (!objects.has(key)) {
            objects.add(key);
            queue.push(key);
        }
    };
    const missing: TableName[] = [];
    for (const table of wanted) {
        const found = byName.get(JSON.stringify([table.schema, table.name]));
        if (found === undefined) {
            missing.push(table);
        } else {
            visit(keyOf(CLASS.relation, found.oid));
        }
    }
    for (const { oid, name } of catalog.schemas) {
        if (schemas.includes(name)) {
            visit(keyOf(CLASS.schema, oid));
        }
    }
    const follow = () => {
        for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
            for (const { to, type } of needs.get(key) ?? []) {
                const toParent = partitions.has(key) && type === "a" && classOf(to) === CLASS.relation;
                const joinsParent = type === "P" || type === "S";
                // What leads further is left out, and the table in its place needs no server.
                if (!toParent && !joinsParent && classOf(to) !== CLASS.server) {
                    visit(to);
                }
            }
            for (const { from, type } of owned.get(key) ?? []) {
                const kind = classOf(from);
                const part = (type === "a" || type === "i") && OWNED.has(kind);
                if (part && !catalog.foreignKeys.has(from) && (kind !== CLASS.rule || catalog.selectRules.has(from))) {
                    visit(from);
                }
            }
            const routine = routines.get(key);
            if (routine?.definition !== undefined) {
                bodyNames(routine.definition, routine.language).flatMap(named).forEach(visit);
            }
        }
    };
    follow();
    const joining = [...needs].filter(([key]) => catalog.foreignKeys.has(key) || JOINING.has(classOf(key)));
    for (let more = true; more; ) {
        more = false;
        for (const [key, own] of joining) {
            if (!objects.has(key) && own.every(({ to }) => objects.has(to))) {
                visit(key);
                more = true;
            }
        }
        follow();
    }
    return {
        objects,
        relations: relations.filter(({ oid }) => objects.has(keyOf(CLASS.relation, oid))),
        missing,
    };
}
