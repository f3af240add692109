/** ALTER and RENAME of relations, types and schemas, carried on to children as PostgreSQL does. */

import type { AlterObjectSchemaStmt, AlterTableStmt, RenameStmt } from "libpg-query";
import { items, objectName, optionsOf, type QualifiedName, rangeName } from "../parse/ast";
import { childrenOf, key, type Relation } from "./catalog";
import { type Database, placeOf, type Site } from "./database";
import { columnOf, inheritColumns, mergeColumns } from "./tables";
import { printName, resolveType } from "./types";

export function applyOptions(into: Map<string, string>, nodes: Parameters<typeof optionsOf>[0]): void {
    for (const option of optionsOf(nodes)) {
        const name = option.name.toLowerCase();
        if (option.action === "drop") {
            into.delete(name);
        } else {
            into.set(name, option.value);
        }
    }
}

export function alterTable(db: Database, site: Site, statement: AlterTableStmt): void {
    const name = rangeName(statement.relation);
    if (statement.objtype === "OBJECT_TYPE") {
        alterComposite(db, site, statement, name);
        return;
    }
    const relation = db.relation(name, placeOf(site));
    if (relation === undefined) {
        return;
    }
    const only = statement.relation?.inh !== true;
    for (const node of statement.cmds ?? []) {
        if (!("AlterTableCmd" in node)) {
            continue;
        }
        const command = node.AlterTableCmd;
        const column = command.name ?? "";
        const each = (change: (target: Relation) => void, recurse = true) => {
            forFamily(db, relation, recurse && !only, (target) => {
                change(target);
                db.touch(target);
            });
        };
        switch (command.subtype) {
            case "AT_AddColumn": {
                const definition = command.def;
                if (definition !== undefined && "ColumnDef" in definition) {
                    const added = columnOf(db, site, definition.ColumnDef);
                    each((target) => {
                        if (!target.columns.some((known) => known.name === added.name)) {
                            target.columns.push(target === relation ? added : { ...added, inherited: true });
                        }
                    });
                }
                break;
            }
            case "AT_DropColumn":
                each((target) => {
                    // A child keeps a column that it declared itself.
                    target.columns = target.columns.filter(
                        (known) => known.name !== column || (target !== relation && !known.inherited),
                    );
                });
                break;
            case "AT_AlterColumnType": {
                const definition = command.def;
                if (definition !== undefined && "ColumnDef" in definition) {
                    const type = resolveType(definition.ColumnDef.typeName, db.lookup());
                    each((target) => {
                        const known = target.columns.find((candidate) => candidate.name === column);
                        if (known !== undefined) {
                            known.type = type;
                            known.place = placeOf(site);
                            delete known.unresolved;
                        } else if (target.remote !== undefined) {
                            target.columns.push({ name: column, type, place: placeOf(site), inherited: false });
                        }
                    });
                }
                break;
            }
            case "AT_AlterColumnGenericOptions":
                each((target) => {
                    const known = target.columns.find((candidate) => candidate.name === column);
                    const options = new Map(known?.remoteName === undefined ? [] : [["column_name", known.remoteName]]);
                    applyOptions(options, items(command.def));
                    const remote = options.get("column_name");
                    if (known === undefined) {
                        if (target.remote !== undefined && remote !== undefined) {
                            const term = db.unknowns.column(target.remote, remote, placeOf(site));
                            target.renamed = [
                                ...target.renamed.filter((other) => other.name !== column),
                                { name: column, term },
                            ];
                        }
                    } else if (remote === undefined) {
                        delete known.remoteName;
                    } else {
                        known.remoteName = remote;
                    }
                }, false);
                break;
            case "AT_GenericOptions":
                each((target) => applyOptions(target.options, items(command.def)), false);
                break;
            case "AT_AddInherit":
            case "AT_DropInherit": {
                const parent =
                    command.def !== undefined && "RangeVar" in command.def
                        ? db.relation(rangeName(command.def.RangeVar), placeOf(site))
                        : undefined;
                if (parent !== undefined) {
                    link(db, parent, relation, command.subtype === "AT_AddInherit");
                }
                break;
            }
            case "AT_AttachPartition":
            case "AT_DetachPartition": {
                const part =
                    command.def !== undefined && "PartitionCmd" in command.def
                        ? db.relation(rangeName(command.def.PartitionCmd.name), placeOf(site))
                        : undefined;
                if (part !== undefined) {
                    link(db, relation, part, command.subtype === "AT_AttachPartition");
                }
                break;
            }
            default:
                break;
        }
    }
}

function link(db: Database, parent: Relation, childRelation: Relation, attach: boolean): void {
    childRelation.parents = childRelation.parents.filter((id) => id !== parent.id);
    if (attach) {
        childRelation.parents.push(parent.id);
        db.catalog.parents.add(parent.id);
        if (childRelation.remote !== undefined) {
            // An imported table that becomes a partition must have the parent's columns.
            childRelation.columns = mergeColumns(childRelation.columns, inheritColumns(parent));
        }
    }
}

function forFamily(db: Database, relation: Relation, recurse: boolean, visit: (relation: Relation) => void): void {
    visit(relation);
    if (recurse) {
        for (const each of childrenOf(db.catalog, relation.id)) {
            forFamily(db, each, true, visit);
        }
    }
}

function alterComposite(db: Database, site: Site, statement: AlterTableStmt, name: QualifiedName): void {
    const found = db.lookup().userType(name.schema, name.name);
    const type = found === undefined ? undefined : db.catalog.types.get(found);
    if (type?.kind !== "composite") {
        return;
    }
    for (const node of statement.cmds ?? []) {
        const command = "AlterTableCmd" in node ? node.AlterTableCmd : undefined;
        const definition = command?.def !== undefined && "ColumnDef" in command.def ? command.def.ColumnDef : undefined;
        if (command?.subtype === "AT_AddColumn" && definition !== undefined) {
            const { name: column, type: columnType } = columnOf(db, site, definition);
            type.columns.push({ name: column, type: columnType });
        } else if (command?.subtype === "AT_DropColumn") {
            type.columns = type.columns.filter((column) => column.name !== command.name);
        } else if (command?.subtype === "AT_AlterColumnType" && definition !== undefined) {
            const known = type.columns.find((column) => column.name === command.name);
            if (known !== undefined) {
                known.type = db.type(definition.typeName);
            }
        }
    }
}

export function rename(db: Database, site: Site, statement: RenameStmt): void {
    const to = statement.newname ?? "";
    switch (statement.renameType) {
        case "OBJECT_TABLE":
        case "OBJECT_FOREIGN_TABLE":
        case "OBJECT_VIEW":
        case "OBJECT_MATVIEW": {
            const relation = db.relation(rangeName(statement.relation), placeOf(site));
            if (relation !== undefined) {
                db.move(relation, relation.schema, to);
            }
            return;
        }
        case "OBJECT_COLUMN": {
            const relation = db.relation(rangeName(statement.relation), placeOf(site));
            const from = statement.subname ?? "";
            if (relation !== undefined) {
                forFamily(db, relation, true, (target) => {
                    renameColumn(db, site, target, from, to);
                    db.touch(target);
                });
            }
            return;
        }
        case "OBJECT_SCHEMA":
            renameSchema(db, statement.subname ?? objectName(statement.object).name, to);
            return;
        case "OBJECT_FOREIGN_SERVER": {
            const from = objectName(statement.object).name;
            const server = db.catalog.servers.get(from);
            if (server !== undefined) {
                db.catalog.servers.delete(from);
                server.name = to;
                server.version = db.shared.next();
                db.catalog.servers.set(to, server);
                for (const relation of db.catalog.relations.values()) {
                    if (relation.server === from) {
                        relation.server = to;
                        db.touch(relation);
                    }
                }
                const mappings = [...db.catalog.mappings.values()];
                db.catalog.mappings.clear();
                for (const mapping of mappings) {
                    mapping.server = mapping.server === from ? to : mapping.server;
                    db.catalog.mappings.set(key(mapping.server, mapping.role), mapping);
                }
                for (const each of db.catalog.imports) {
                    each.server = each.server === from ? to : each.server;
                }
            }
            return;
        }
        case "OBJECT_FDW": {
            const from = objectName(statement.object).name;
            const wrapper = db.catalog.wrappers.get(from);
            if (wrapper !== undefined) {
                db.catalog.wrappers.delete(from);
                db.catalog.wrappers.set(to, { ...wrapper, name: to });
            }
            for (const server of db.catalog.servers.values()) {
                server.wrapper = server.wrapper === from ? to : server.wrapper;
            }
            return;
        }
        case "OBJECT_TYPE":
        case "OBJECT_DOMAIN": {
            const name = objectName(statement.object);
            const found = db.lookup().userType(name.schema, name.name);
            if (found !== undefined) {
                moveType(db, found, found.split("\0")[0] ?? "public", to);
            }
            return;
        }
        case "OBJECT_ATTRIBUTE": {
            const name = rangeName(statement.relation);
            const found = db.lookup().userType(name.schema, name.name);
            const type = found === undefined ? undefined : db.catalog.types.get(found);
            const column =
                type?.kind === "composite" ? type.columns.find((each) => each.name === statement.subname) : undefined;
            if (column !== undefined) {
                column.name = to;
            }
            return;
        }
        case "OBJECT_FUNCTION":
        case "OBJECT_PROCEDURE":
        case "OBJECT_ROUTINE": {
            const name = objectName(statement.object);
            const routine = db.routines(name)[0];
            if (routine !== undefined) {
                const all = db.catalog.routines.get(key(routine.schema, routine.name)) ?? [];
                db.catalog.routines.delete(key(routine.schema, routine.name));
                db.catalog.routines.set(
                    key(routine.schema, to),
                    all.map((each) => ({ ...each, name: to })),
                );
            }
            return;
        }
        default:
            return;
    }
}

function renameColumn(db: Database, site: Site, relation: Relation, from: string, to: string): void {
    for (const column of relation.columns) {
        if (column.name === from) {
            column.name = to;
        }
    }
    if (relation.output !== undefined) {
        relation.output = {
            ...relation.output,
            columns: relation.output.columns.map((column) => (column.name === from ? { ...column, name: to } : column)),
        };
    }
    if (relation.remote !== undefined && !relation.columns.some(({ name }) => name === to)) {
        // IMPORT gives each column its column_name, so the upstream keeps the old name.
        const known = relation.renamed.find(({ name }) => name === from);
        const term = known?.term ?? db.unknowns.column(relation.remote, from, placeOf(site));
        relation.renamed = [...relation.renamed.filter((each) => each !== known), { name: to, term }];
    }
}

function renameSchema(db: Database, from: string, to: string): void {
    const place = db.catalog.schemas.get(from);
    if (place !== undefined) {
        db.catalog.schemas.delete(from);
        db.catalog.schemas.set(to, place);
    }
    for (const relation of [...db.catalog.relations.values()]) {
        if (relation.schema === from) {
            db.move(relation, to, relation.name);
        }
    }
    for (const mark of [...db.catalog.types.keys()]) {
        const [schema, name = ""] = mark.split("\0");
        if (schema === from) {
            moveType(db, mark, to, name);
        }
    }
    for (const [mark, routines] of [...db.catalog.routines]) {
        const [schema, name = ""] = mark.split("\0");
        if (schema === from) {
            db.catalog.routines.delete(mark);
            db.catalog.routines.set(
                key(to, name),
                routines.map((each) => ({ ...each, schema: to })),
            );
        }
    }
    for (const each of db.catalog.imports) {
        each.localSchema = each.localSchema === from ? to : each.localSchema;
    }
    db.path = db.path.map((each) => (each === from ? to : each));
}

/** Gives a type another name, in every column that has it too. */
function moveType(db: Database, mark: string, schema: string, name: string): void {
    const type = db.catalog.types.get(mark);
    if (type === undefined) {
        return;
    }
    db.catalog.types.delete(mark);
    type.schema = schema;
    type.name = name;
    const moved = key(schema, name);
    db.catalog.types.set(moved, type);
    const base = schema === "public" ? printName(name) : `${printName(schema)}.${printName(name)}`;
    for (const relation of db.catalog.relations.values()) {
        for (const column of relation.columns) {
            if (column.type.user === mark) {
                column.type = { ...column.type, base, sql: `${base}${column.type.array ? "[]" : ""}`, user: moved };
                db.touch(relation);
            }
        }
    }
}

export function setSchema(db: Database, site: Site, statement: AlterObjectSchemaStmt): void {
    const to = statement.newschema ?? "public";
    if (statement.relation !== undefined) {
        const relation = db.relation(rangeName(statement.relation), placeOf(site));
        if (relation !== undefined) {
            db.move(relation, to, relation.name);
        }
        return;
    }
    const name = objectName(statement.object);
    if (statement.objectType === "OBJECT_TYPE" || statement.objectType === "OBJECT_DOMAIN") {
        const found = db.lookup().userType(name.schema, name.name);
        if (found !== undefined) {
            moveType(db, found, to, name.name);
        }
    } else if (statement.objectType === "OBJECT_EXTENSION" && db.catalog.extensions.has(name.name)) {
        db.catalog.extensions.set(name.name, to);
    }
}
