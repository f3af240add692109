/** The analysis on plain data instead of a database's catalogs. */

import type { QualifiedName } from "../../../../schema/parse/ast";
import { type ColumnType, printedType } from "../../../../schema/types";
import type { Catalog, CatalogRelation, CatalogRoutine } from "../../../../schema/usage/catalog";
import type { ObservedImport } from "../../../../schema/usage/imports";
import { type Given, Knowledge } from "../../../../schema/usage/knowledge";
import { Reader } from "../../../../schema/usage/reader";
import { type Settled, settle } from "../../../../schema/usage/settle";
import { readStatement } from "../../../../schema/usage/statement";
import { parseSql } from "../../../../upstreams/parser";

/** `name type, name type` */
function list(text: string): Array<{ name: string; type: ColumnType }> {
    return text
        .split(/,\s*(?![^(]*\))/)
        .filter((each) => each.trim() !== "")
        .map((each) => {
            const [name = "", ...type] = each.trim().split(" ");
            return { name, type: printedType(type.join(" ")) };
        });
}

/** `schema.name(column type, …)` */
export function table(text: string): CatalogRelation {
    const [, schema = "", name = "", columns = ""] = /^(\w+)\.(\w+)\((.*)\)$/.exec(text) ?? [];
    return {
        oid: text,
        schema,
        name,
        kind: "table",
        columns: list(columns).map((column, index) => ({ number: index + 1, ...column })),
        options: new Map(),
    };
}

/** `schema.name(type, …) result`, with `?` after the types of arguments that may be left out. */
export function routine(text: string): CatalogRoutine {
    const [, schema = "", name = "", args = "", result = ""] = /^(\w+)\.(\w+)\((.*?)\) (.*)$/.exec(text) ?? [];
    const inputs = args.split(", ").filter((each) => each !== "");
    return {
        oid: text,
        schema,
        name,
        inputs: inputs.map((type) => ({ name: "", type: printedType(type.replace("?", "")) })),
        outputs: [],
        result: printedType(result),
        defaults: inputs.filter((type) => type.endsWith("?")).length,
        variadic: false,
        library: schema === "pg_catalog",
    };
}

const BUILT_IN = new Set(
    "text date timestamptz interval inet uuid numeric money json jsonb varchar timestamp".split(" "),
);

export class PlainCatalog implements Catalog {
    constructor(
        private readonly all: readonly CatalogRelation[],
        private readonly functions: readonly CatalogRoutine[],
    ) {}

    relations(name: string): readonly CatalogRelation[] {
        return this.all.filter((each) => each.name === name);
    }

    routines(name: string): readonly CatalogRoutine[] {
        return this.functions.filter((each) => each.name === name);
    }

    types(name: string): ReadonlyArray<{ schema: string; type: ColumnType }> {
        const rows = this.relations(name).map(({ schema }) => ({
            schema,
            type: { ...printedType(`${schema}.${name}`), user: true, row: { schema, name } satisfies QualifiedName },
        }));
        return BUILT_IN.has(name) ? [{ schema: "pg_catalog", type: printedType(name) }, ...rows] : rows;
    }

    server(): boolean {
        return false;
    }

    session(): { database: string; user: string } {
        return { database: "dev", user: "me" };
    }
}

/** Reads statements after imports, with this catalog throughout. */
export function readPlain(
    catalog: Catalog,
    imports: readonly ObservedImport[],
    sql: string,
    given: Given = () => undefined,
): Settled {
    const knowledge = new Knowledge(given);
    for (const observed of imports) {
        knowledge.imported(observed);
    }
    const parsed = parseSql(sql);
    if (!("nodes" in parsed)) {
        throw new Error(parsed.error);
    }
    const context = {
        path: ["pg_catalog", "public"],
        place: () => ({ file: "schema.sql", line: 1 }),
        sql,
        values: new Map<string, string>(),
    };
    for (const node of parsed.nodes) {
        readStatement(new Reader(knowledge, catalog, context), node);
    }
    return settle(knowledge, () => undefined);
}
