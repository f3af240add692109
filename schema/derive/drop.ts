/** DROP with CASCADE, as far as it changes what is needed later. */

import type { DropStmt } from "libpg-query";
import { objectName } from "../parse/ast";
import { childrenOf, key, type Relation } from "./catalog";
import type { Database } from "./database";

export function drop(db: Database, statement: DropStmt): void {
    const cascade = statement.behavior === "DROP_CASCADE";
    for (const node of statement.objects ?? []) {
        const name = objectName(node);
        switch (statement.removeType) {
            case "OBJECT_TABLE":
            case "OBJECT_FOREIGN_TABLE":
            case "OBJECT_VIEW":
            case "OBJECT_MATVIEW": {
                const relation = findExisting(db, name.schema, name.name);
                if (relation !== undefined) {
                    dropRelation(db, relation, cascade);
                }
                break;
            }
            case "OBJECT_SCHEMA":
                dropSchema(db, name.name);
                break;
            case "OBJECT_TYPE":
            case "OBJECT_DOMAIN": {
                const found = db.lookup().userType(name.schema, name.name);
                if (found !== undefined) {
                    dropType(db, found);
                }
                break;
            }
            case "OBJECT_FOREIGN_SERVER":
                dropServer(db, name.name);
                break;
            case "OBJECT_FDW":
                dropWrapper(db, name.name);
                break;
            case "OBJECT_EXTENSION":
                db.catalog.extensions.delete(name.name);
                if (name.name === "postgres_fdw") {
                    dropWrapper(db, "postgres_fdw");
                }
                break;
            case "OBJECT_FUNCTION":
            case "OBJECT_PROCEDURE":
            case "OBJECT_ROUTINE": {
                const routine = db.routines(name)[0];
                if (routine !== undefined) {
                    db.catalog.routines.delete(key(routine.schema, routine.name));
                }
                break;
            }
            default:
                break;
        }
    }
}

function findExisting(db: Database, schema: string | undefined, name: string): Relation | undefined {
    const schemas = schema === undefined ? db.path : [schema];
    for (const each of schemas) {
        const found = db.catalog.relations.get(key(each, name));
        if (found !== undefined) {
            return found;
        }
    }
    return undefined;
}

function dropRelation(db: Database, relation: Relation, cascade: boolean): void {
    for (const each of childrenOf(db.catalog, relation.id)) {
        dropRelation(db, each, cascade);
    }
    db.remove(relation);
    if (cascade) {
        for (const each of [...db.catalog.relations.values()]) {
            if (each.reads.includes(relation.id)) {
                dropRelation(db, each, true);
            }
        }
    }
}

function dropSchema(db: Database, schema: string): void {
    for (const relation of [...db.catalog.relations.values()]) {
        if (relation.schema === schema) {
            dropRelation(db, relation, true);
        }
    }
    for (const mark of [...db.catalog.types.keys()]) {
        if (mark.startsWith(`${schema}\0`)) {
            dropType(db, mark);
        }
    }
    for (const mark of [...db.catalog.routines.keys()]) {
        if (mark.startsWith(`${schema}\0`)) {
            db.catalog.routines.delete(mark);
        }
    }
    db.catalog.schemas.delete(schema);
    db.catalog.imports = db.catalog.imports.filter((each) => each.localSchema !== schema);
}

/** Columns of the type go with it, where CASCADE was said; without it PostgreSQL would have refused. */
function dropType(db: Database, mark: string): void {
    db.catalog.types.delete(mark);
    for (const relation of db.catalog.relations.values()) {
        const kept = relation.columns.filter((column) => column.type.user !== mark);
        if (kept.length !== relation.columns.length) {
            relation.columns = kept;
            db.touch(relation);
        }
    }
}

function dropServer(db: Database, name: string): void {
    const server = db.catalog.servers.get(name);
    if (server === undefined) {
        return;
    }
    for (const relation of [...db.catalog.relations.values()]) {
        if (relation.server === name) {
            dropRelation(db, relation, true);
        }
    }
    for (const [mark, mapping] of [...db.catalog.mappings]) {
        if (mapping.server === name) {
            db.catalog.mappings.delete(mark);
        }
    }
    db.catalog.imports = db.catalog.imports.filter((each) => each.server !== name);
    db.catalog.servers.delete(name);
}

function dropWrapper(db: Database, name: string): void {
    for (const server of [...db.catalog.servers.values()]) {
        if (server.wrapper === name) {
            dropServer(db, server.name);
        }
    }
    db.catalog.wrappers.delete(name);
}
