/** The last moment of the history: what came later than its use is looked up again, and what is there at the end counts. */

import type { Relation } from "./catalog";
import type { Database } from "./database";
import type { NeededServer } from "./needs";
import { analyzePlRoutine } from "./routines";
import { completeRelation } from "./tables";

const FOREIGN = /\b(?:create|alter)\s+(?:server|foreign|user\s+mapping)\b|\bimport\s+foreign\s+schema\b/i;

export function finish(db: Database, ran: ReadonlySet<string>): void {
    db.session();
    for (const relation of [...db.catalog.relations.values()]) {
        completeRelation(db, relation);
    }
    for (const { run } of db.postponed.splice(0)) {
        run();
    }
    routines(db, ran);
    for (const server of db.catalog.servers.values()) {
        const needed = db.serverNeed(server.name, server.place);
        for (const mapping of db.catalog.mappings.values()) {
            if (mapping.server === server.name) {
                db.needs.mapping(needed, mapping);
            }
        }
    }
    for (const relation of [...db.catalog.relations.values()]) {
        completeRelation(db, relation);
        if (relation.kind === "foreign" && relation.server !== undefined) {
            db.needs.table(db.serverNeed(relation.server, relation.place), relation, true);
        }
    }
    bindLateServers(db);
    ambiguousImports(db);
}

/** One finding for all tables that may come from the same imports. */
function ambiguousImports(db: Database): void {
    const byImports = new Map<string, typeof db.ambiguous>();
    for (const each of db.ambiguous) {
        const mark = each.candidates.map(({ id }) => id).join();
        byImports.set(mark, [...(byImports.get(mark) ?? []), each]);
    }
    for (const tables of byImports.values()) {
        const [first] = tables;
        const last = first?.candidates.at(-1);
        if (first === undefined || last === undefined) {
            continue;
        }
        const names = [...new Set(tables.map(({ name }) => name))];
        const sources = first.candidates.map((each) => `${each.remoteSchema} of server ${each.server}`).join(" or ");
        const they = names.length === 1 ? "it is" : "they are";
        db.findings.add(
            "warning",
            "import-ambiguous",
            `${names.join(", ")} in ${last.localSchema} may come from ${sources}; ${they} taken from the last import, ${last.remoteSchema}. Name the tables with LIMIT TO, or declare them.`,
            first.place,
        );
    }
}

function routines(db: Database, ran: ReadonlySet<string>): void {
    const onTriggers = new Map<string, Relation[]>();
    for (const { relation, routine } of db.catalog.triggers) {
        const found = db.catalog.byId.get(relation);
        if (found !== undefined) {
            onTriggers.set(routine, [...(onTriggers.get(routine) ?? []), found]);
        }
    }
    for (const [mark, overloads] of [...db.catalog.routines]) {
        for (const routine of overloads) {
            const relations = onTriggers.get(mark) ?? [];
            if (relations.length === 0) {
                analyzePlRoutine(db, routine, new Map());
            }
            for (const relation of relations) {
                analyzePlRoutine(
                    db,
                    routine,
                    new Map([
                        ["new", relation],
                        ["old", relation],
                    ]),
                );
            }
            if (!ran.has(mark) && FOREIGN.test(routine.body ?? "")) {
                db.findings.add(
                    "note",
                    "routine-foreign",
                    `${routine.schema}.${routine.name}() makes or changes foreign objects when it is called; no statement that was read calls it with constants.`,
                    routine.place,
                );
            }
        }
    }
}

/** Tables and mappings that were read before their server belong to the one that has its name. */
function bindLateServers(db: Database): void {
    const all = db.needs.all();
    for (const lost of all.filter((each) => each.server === undefined)) {
        const found = all.filter((each) => each.server !== undefined && each.name === lost.name).at(-1);
        if (found !== undefined) {
            found.tables.push(...lost.tables);
            found.imports.push(...lost.imports);
            for (const [mark, mapping] of lost.mappings) {
                found.mappings.set(mark, mapping);
            }
            empty(lost);
        }
    }
}

function empty(needed: NeededServer): void {
    needed.tables.length = 0;
    needed.imports.length = 0;
    needed.mappings.clear();
}
