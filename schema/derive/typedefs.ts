/** CREATE and ALTER of types: enums, domains, composites, ranges. */

import type {
    AlterEnumStmt,
    CompositeTypeStmt,
    CreateDomainStmt,
    CreateEnumStmt,
    CreateRangeStmt,
    DefineStmt,
    Node,
} from "libpg-query";
import { defElems, defText, qualified, rangeName, strings } from "../parse/ast";
import { key, type TypeDefinition } from "./catalog";
import { type Database, placeOf, type Site } from "./database";
import { columnOf } from "./tables";
import { TEXT } from "./types";

function define(db: Database, names: readonly string[], make: (schema: string, name: string) => TypeDefinition): void {
    db.substance += 1;
    const written = qualified(names);
    const schema = db.creationSchema(written);
    db.catalog.types.set(key(schema, written.name), make(schema, written.name));
}

export function createEnum(db: Database, site: Site, statement: CreateEnumStmt): void {
    define(db, strings(statement.typeName), (schema, name) => ({
        kind: "enum",
        schema,
        name,
        labels: strings(statement.vals),
        place: placeOf(site),
    }));
}

export function alterEnum(db: Database, statement: AlterEnumStmt): void {
    const name = qualified(strings(statement.typeName));
    const found = db.lookup().userType(name.schema, name.name);
    const type = found === undefined ? undefined : db.catalog.types.get(found);
    const value = statement.newVal;
    if (type?.kind !== "enum" || value === undefined) {
        return;
    }
    if (statement.oldVal !== undefined && statement.oldVal !== "") {
        type.labels = type.labels.map((label) => (label === statement.oldVal ? value : label));
        return;
    }
    if (type.labels.includes(value)) {
        return;
    }
    const neighbour = type.labels.indexOf(statement.newValNeighbor ?? "");
    const at = neighbour < 0 ? type.labels.length : statement.newValIsAfter === true ? neighbour + 1 : neighbour;
    type.labels.splice(at, 0, value);
}

export function createDomain(db: Database, site: Site, statement: CreateDomainStmt): void {
    const base = db.type(statement.typeName);
    define(db, strings(statement.domainname), (schema, name) => ({
        kind: "domain",
        schema,
        name,
        base,
        place: placeOf(site),
    }));
}

export function createComposite(db: Database, site: Site, statement: CompositeTypeStmt): void {
    const columns = (statement.coldeflist ?? []).flatMap((node) =>
        "ColumnDef" in node ? [columnOf(db, site, node.ColumnDef)] : [],
    );
    const name = rangeName(statement.typevar);
    define(db, name.schema === undefined ? [name.name] : [name.schema, name.name], (schema, own) => ({
        kind: "composite",
        schema,
        name: own,
        columns: columns.map(({ name: column, type }) => ({ name: column, type })),
        place: placeOf(site),
    }));
}

export function createRange(db: Database, site: Site, statement: CreateRangeStmt): void {
    const params = defElems(statement.params);
    const subtype = params.find(({ defname }) => defname === "subtype")?.arg;
    const multirange = defText(params.find(({ defname }) => defname === "multirange_type_name")?.arg);
    define(db, strings(statement.typeName), (schema, name) => ({
        kind: "range",
        schema,
        name,
        subtype: typeArgument(db, subtype),
        place: placeOf(site),
        ...(multirange === undefined ? {} : { multirange }),
    }));
}

function typeArgument(db: Database, node: Node | undefined) {
    return node !== undefined && "TypeName" in node ? db.type(node.TypeName) : TEXT;
}

/** A base type in C: nothing that a stub could have. */
export function defineType(db: Database, site: Site, statement: DefineStmt): void {
    if (statement.kind === "OBJECT_TYPE") {
        define(db, strings(statement.defnames), (schema, name) => ({
            kind: "other",
            schema,
            name,
            place: placeOf(site),
        }));
    }
}
