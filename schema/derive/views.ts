/** Relations that a query fills: views, materialized views and CREATE TABLE AS. */

import type { CreateTableAsStmt, ViewStmt } from "libpg-query";
import { rangeName, strings } from "../parse/ast";
import { key, type Output, type Relation } from "./catalog";
import { type Database, placeOf, type Site } from "./database";

export function createView(db: Database, site: Site, statement: ViewStmt): void {
    db.substance += 1;
    const name = rangeName(statement.view);
    const schema = statement.view?.relpersistence === "t" ? "pg_temp" : db.creationSchema(name);
    const relation = derived(db, site, schema, name.name, "view", statement.replace === true);
    const path = db.path;
    const analyze = (): boolean => {
        const analyzer = db.analyzer(site, path);
        const output = statement.query === undefined ? { columns: [], open: [] } : analyzer.statement(statement.query);
        relation.output = renamed(output, strings(statement.aliases));
        relation.reads = [...analyzer.reads];
        relation.calls = [...analyzer.calls];
        return analyzer.missing.length > 0;
    };
    if (analyze()) {
        db.postpone(analyze);
    }
}

export function createTableAs(db: Database, site: Site, statement: CreateTableAsStmt): void {
    db.substance += 1;
    const into = statement.into;
    const name = rangeName(into?.rel);
    const schema = into?.rel?.relpersistence === "t" ? "pg_temp" : db.creationSchema(name);
    const materialized = statement.objtype === "OBJECT_MATVIEW";
    if (statement.if_not_exists === true && db.catalog.relations.has(key(schema, name.name))) {
        return;
    }
    const path = db.path;
    const analyzer = db.analyzer(site, path);
    const query = statement.query;
    const output = query === undefined ? { columns: [], open: [] } : analyzer.statement(query);
    const relation = derived(db, site, schema, name.name, materialized ? "matview" : "table", false);
    const columns = strings(into?.colNames);
    relation.output = renamed(output, columns);
    relation.reads = materialized ? [...analyzer.reads] : [];
    relation.calls = materialized ? [...analyzer.calls] : [];
    if (analyzer.missing.length > 0 && query !== undefined) {
        db.postpone(() => {
            const again = db.analyzer(site, path);
            relation.output = renamed(again.statement(query), columns);
        });
    }
    if (into?.skipData !== true) {
        const what = materialized ? `Materialized view ${name.name}` : `CREATE TABLE ${name.name} AS`;
        db.connect(db.reach(analyzer.reads, analyzer.calls), site, what, analyzer.calls.size === 0);
    }
}

function derived(
    db: Database,
    site: Site,
    schema: string,
    name: string,
    kind: "view" | "matview" | "table",
    replace: boolean,
): Relation {
    const before = db.catalog.relations.get(key(schema, name));
    if (before !== undefined && replace && before.kind === kind) {
        before.place = placeOf(site);
        return before;
    }
    return db.add({
        schema,
        name,
        kind,
        place: placeOf(site),
        columns: [],
        parents: [],
        missingParents: [],
        options: new Map(),
    });
}

function renamed(output: Output, names: readonly string[]): Output {
    return {
        open: output.open,
        columns: output.columns.map((column, index) => ({
            name: output.open.length === 0 ? (names[index] ?? column.name) : column.name,
            term: column.term,
        })),
    };
}
