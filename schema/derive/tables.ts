/** CREATE TABLE and CREATE FOREIGN TABLE: columns of their own, of parents, of LIKE and of types. */

import type { ColumnDef, CreateForeignTableStmt, CreateStmt } from "libpg-query";
import { optionsOf, qualified, rangeName, strings } from "../parse/ast";
import { type CatalogColumn, key, type Relation } from "./catalog";
import { type Database, placeOf, type Site } from "./database";
import { resolveType } from "./types";

export function columnOf(db: Database, site: Site, definition: ColumnDef): CatalogColumn {
    const type = resolveType(definition.typeName, db.lookup());
    const remote = optionsOf(definition.fdwoptions).find(({ name }) => name.toLowerCase() === "column_name")?.value;
    return {
        name: definition.colname ?? "",
        type,
        place: placeOf(site, definition.location),
        inherited: false,
        ...(remote === undefined ? {} : { remoteName: remote }),
        ...(type.unknown === true && definition.typeName !== undefined
            ? { unresolved: { type: definition.typeName, path: db.path } }
            : {}),
    };
}

/** A parent's columns as a child has them: their place is the parent's, their options are its own. */
export function inheritColumns(parent: Relation): CatalogColumn[] {
    return parent.columns.map(({ name, type, place, unresolved }) => ({
        name,
        type,
        place,
        inherited: true,
        ...(unresolved === undefined ? {} : { unresolved }),
    }));
}

/** Adds columns that are not there yet; a column declared here keeps its own options and type. */
export function mergeColumns(into: CatalogColumn[], from: readonly CatalogColumn[]): CatalogColumn[] {
    const names = new Set(from.map(({ name }) => name));
    const own = new Map(into.map((column) => [column.name, column]));
    return [...from.map((column) => own.get(column.name) ?? column), ...into.filter(({ name }) => !names.has(name))];
}

export function createTable(db: Database, site: Site, statement: CreateStmt, foreign?: CreateForeignTableStmt): void {
    db.substance += 1;
    const written = rangeName(statement.relation);
    const temporary = statement.relation?.relpersistence === "t";
    const schema = temporary ? "pg_temp" : db.creationSchema(written);
    const place = placeOf(site, statement.relation?.location);
    const before = db.catalog.relations.get(key(schema, written.name));
    if (before !== undefined && (statement.if_not_exists === true || site.guarded === true)) {
        return;
    }
    if (foreign !== undefined) {
        db.foreignObjects += 1;
        if (before !== undefined) {
            db.findings.add(
                "warning",
                "already-exists",
                `${schema}.${written.name} exists already (line ${before.place.line} of ${before.place.file}); PostgreSQL refuses this statement. Both are satisfied.`,
                place,
            );
            db.connect([before], site, "", false);
        }
    }
    let columns: CatalogColumn[] = [];
    const parents: number[] = [];
    const missing: Relation["missingParents"] = [];
    const addParent = (name: ReturnType<typeof rangeName>, like: boolean) => {
        const parent = db.relation(name, place);
        if (parent === undefined) {
            missing.push({ ...name, path: db.path, like });
            return;
        }
        columns = like ? [...columns, ...inheritColumns(parent)] : mergeColumns(columns, inheritColumns(parent));
        if (!like) {
            parents.push(parent.id);
            db.catalog.parents.add(parent.id);
        }
    };
    for (const element of statement.tableElts ?? []) {
        if ("ColumnDef" in element) {
            const column = columnOf(db, site, element.ColumnDef);
            // Partitions and typed tables repeat a column only to give it options.
            if (element.ColumnDef.typeName !== undefined) {
                columns.push(column);
            } else {
                const known = columns.find(({ name }) => name === column.name);
                if (known !== undefined && column.remoteName !== undefined) {
                    known.remoteName = column.remoteName;
                }
            }
        } else if ("TableLikeClause" in element) {
            addParent(rangeName(element.TableLikeClause.relation), true);
        }
    }
    for (const node of statement.inhRelations ?? []) {
        if ("RangeVar" in node) {
            addParent(rangeName(node.RangeVar), false);
        }
    }
    // Options given to inherited columns: `PARTITION OF parent (id WITH OPTIONS …)`.
    for (const element of statement.tableElts ?? []) {
        if ("ColumnDef" in element && element.ColumnDef.typeName === undefined) {
            const remote = optionsOf(element.ColumnDef.fdwoptions).find(({ name }) => name === "column_name")?.value;
            const column = columns.find(({ name }) => name === element.ColumnDef.colname);
            if (remote !== undefined && column !== undefined) {
                column.remoteName = remote;
            }
        }
    }
    if (statement.ofTypename !== undefined) {
        const name = qualified(strings(statement.ofTypename.names));
        const found = db.lookup().userType(name.schema, name.name);
        const type = found === undefined ? undefined : db.catalog.types.get(found);
        if (type?.kind === "composite") {
            columns = type.columns.map((column) => ({ ...column, place: type.place, inherited: true }));
        }
    }
    const options = new Map(optionsOf(foreign?.options).map(({ name, value }) => [name.toLowerCase(), value]));
    db.add({
        schema,
        name: written.name,
        kind: foreign === undefined ? "table" : "foreign",
        place,
        columns,
        parents,
        missingParents: missing,
        options,
        ...(foreign?.servername === undefined ? {} : { server: foreign.servername }),
    });
    if (!temporary) {
        db.catalog.schemas.set(schema, db.catalog.schemas.get(schema) ?? place);
    }
    if (foreign !== undefined) {
        checkOptionKeys(db, site, foreign.options, TABLE_OPTIONS, `foreign table ${schema}.${written.name}`);
    }
}

export const TABLE_OPTIONS: ReadonlySet<string> = new Set(
    "schema_name table_name use_remote_estimate fdw_startup_cost fdw_tuple_cost fetch_size batch_size updatable truncatable async_capable analyze_sampling restore_stats".split(
        " ",
    ),
);

/** Option names are case-sensitive: `"HOST"` in quotes is refused by postgres_fdw, HOST without them is `host`. */
export function checkOptionKeys(
    db: Database,
    site: Site,
    nodes: CreateForeignTableStmt["options"],
    known: ReadonlySet<string>,
    what: string,
): void {
    for (const option of optionsOf(nodes)) {
        if (!known.has(option.name) && known.has(option.name.toLowerCase())) {
            db.findings.add(
                "error",
                "option-case",
                `The option "${option.name}" of ${what} is in quotes and not in lower case; postgres_fdw refuses it. It is read as ${option.name.toLowerCase()}.`,
                placeOf(site, option.location),
            );
        }
    }
}

/** Parents and types that came later: fills what was missing. */
export function completeRelation(db: Database, relation: Relation): void {
    for (const parent of relation.missingParents) {
        const name = parent.schema === undefined ? { name: parent.name } : { schema: parent.schema, name: parent.name };
        const found = db.relation(name, relation.place, parent.path);
        if (found === undefined || found.id === relation.id) {
            if (relation.kind === "foreign") {
                db.findings.add(
                    "error",
                    "parent-unknown",
                    `The columns of ${relation.schema}.${relation.name} come from ${parent.name}, which nothing that was read creates.`,
                    relation.place,
                );
            }
            continue;
        }
        relation.columns = mergeColumns(relation.columns, inheritColumns(found));
        if (!parent.like) {
            relation.parents.push(found.id);
            db.catalog.parents.add(found.id);
        }
        db.touch(relation);
    }
    relation.missingParents = [];
    for (const column of relation.columns) {
        if (column.unresolved !== undefined) {
            const type = resolveType(column.unresolved.type, db.lookup(column.unresolved.path));
            if (type.unknown !== true) {
                column.type = type;
                delete column.unresolved;
                db.touch(relation);
            }
        }
    }
}
