/** Types at the stub: what a column of the schema must be there, and the DDL for types of its own. */

import type { Ddl } from "../../upstreams/model";
import { quoteIdent, quoteLiteral, quoteQualified } from "../../upstreams/quote";
import type { Place } from "../report";
import type { TypeDefinition } from "./catalog";
import type { Database } from "./database";
import { CONTRIB, type ColumnType, TEXT } from "./types";

/** The types that one upstream needs. */
export class StubTypes {
    readonly extensions = new Set<string>();
    /** Keys of the schema's own types, each after those that it needs. */
    private readonly used = new Map<string, TypeDefinition>();
    private readonly visiting = new Set<string>();

    constructor(private readonly db: Database) {}

    /** The type as the stub has it; a stand-in is reported. */
    typeAt(type: ColumnType, place: Place, column: string): string {
        if (type.user !== undefined) {
            return this.own(type, type.user, place, column);
        }
        if (type.extension !== undefined) {
            return this.ofExtension(type, type.extension, place, column);
        }
        if (type.unknown === true) {
            this.db.findings.add(
                "warning",
                "type-unknown",
                `The type ${type.sql} of ${column} is not known: no statement that was read creates it. text stands in at the stub.`,
                place,
            );
            return this.text(type);
        }
        return type.sql;
    }

    private text(type: ColumnType): string {
        return type.array ? "text[]" : TEXT.sql;
    }

    private own(type: ColumnType, mark: string, place: Place, column: string): string {
        const definition = this.db.catalog.types.get(mark);
        if (definition === undefined || definition.kind === "other" || this.visiting.has(mark)) {
            this.db.findings.add(
                "note",
                "type-stand-in",
                `The type ${type.sql} of ${column} cannot be made at the stub; text stands in there.`,
                place,
            );
            return this.text(type);
        }
        if (!this.used.has(mark)) {
            this.visiting.add(mark);
            const resolved = this.resolve(definition, place);
            this.visiting.delete(mark);
            this.used.set(mark, resolved);
        }
        return type.sql;
    }

    /** The definition with the types of its parts as they are at the stub. */
    private resolve(definition: TypeDefinition, place: Place): TypeDefinition {
        const part = (type: ColumnType): ColumnType => ({
            ...type,
            sql: this.typeAt(type, place, `type ${definition.name}`),
        });
        switch (definition.kind) {
            case "domain":
                return { ...definition, base: part(definition.base) };
            case "composite":
                return {
                    ...definition,
                    columns: definition.columns.map(({ name, type }) => ({ name, type: part(type) })),
                };
            case "range":
                return { ...definition, subtype: part(definition.subtype) };
            default:
                return definition;
        }
    }

    private ofExtension(type: ColumnType, extension: string, place: Place, column: string): string {
        if (CONTRIB.has(extension)) {
            this.extensions.add(extension);
            return type.sql;
        }
        if (this.db.catalog.extensions.has(extension)) {
            this.extensions.add(extension);
            this.db.findings.add(
                "note",
                "extension-image",
                `The schema needs the extension ${extension}, which the official image lacks: choose an image that has it.`,
                undefined,
                "fdw-stub:image: …",
            );
            return type.sql;
        }
        this.db.findings.add(
            "warning",
            "type-stand-in",
            `The type ${type.sql} of ${column} belongs to the extension ${extension}, which the official image lacks and the schema does not create; text stands in at the stub.`,
            place,
        );
        return this.text(type);
    }

    /** DDL of the schema's own types, in order; constraints of domains are left out, because nothing is written here. */
    ddl(): Ddl[] {
        const schemas = [...new Set([...this.used.values()].map(({ schema }) => schema))].filter(
            (schema) => schema !== "public",
        );
        const made: Ddl[] = schemas.map((schema) => ({
            origin: `schema ${schema}`,
            line: 1,
            sql: `CREATE SCHEMA IF NOT EXISTS ${quoteIdent(schema)};`,
        }));
        for (const type of this.used.values()) {
            const sql = typeSql(type);
            if (sql !== undefined) {
                made.push({ origin: type.place.file, line: type.place.line, sql });
            }
        }
        return made;
    }
}

function typeSql(type: TypeDefinition): string | undefined {
    const name = quoteQualified(type.schema, type.name);
    switch (type.kind) {
        case "enum":
            return `CREATE TYPE ${name} AS ENUM (${type.labels.map((label) => quoteLiteral(label).trim()).join(", ")});`;
        case "domain":
            return `CREATE DOMAIN ${name} AS ${type.base.sql};`;
        case "composite":
            return `CREATE TYPE ${name} AS (${type.columns.map((column) => `${quoteIdent(column.name)} ${column.type.sql}`).join(", ")});`;
        case "range": {
            const multirange =
                type.multirange === undefined ? "" : `, MULTIRANGE_TYPE_NAME = ${quoteIdent(type.multirange)}`;
            return `CREATE TYPE ${name} AS RANGE (SUBTYPE = ${type.subtype.sql}${multirange});`;
        }
        default:
            return undefined;
    }
}
