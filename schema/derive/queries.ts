/** Queries, and statements that hold one: they connect to what they read and write. */

import type { CopyStmt, Node } from "libpg-query";
import { rangeName, strings } from "../parse/ast";
import type { Analyzer } from "../usage/analyze";
import { type Database, placeOf, type Site } from "./database";
import { runCall } from "./dynamic";
import type { Execution } from "./execution";
import { configures } from "./settings";
import { createTableAs } from "./views";

/** SELECT and DML: they connect to what they read and write. */
export function runQuery(execution: Execution, db: Database, node: Node, site: Site, what?: string): void {
    if ("SelectStmt" in node) {
        if (configures(db, node.SelectStmt)) {
            return;
        }
        const targets = node.SelectStmt.targetList ?? [];
        if (node.SelectStmt.fromClause === undefined) {
            for (const target of targets) {
                runCall(execution, db, site, "ResTarget" in target ? target.ResTarget.val : undefined);
            }
        }
        if (node.SelectStmt.intoClause !== undefined && site.inBlock !== true) {
            const { intoClause, ...query } = node.SelectStmt;
            createTableAs(db, site, { query: { SelectStmt: query }, into: intoClause, objtype: "OBJECT_TABLE" });
            return;
        }
    }
    if (site.inBlock === true) {
        // Names can be variables here; the block's own analysis knows them. What it reads may be anything.
        const reach = [...db.catalog.relations.values()].filter(({ kind }) => kind === "foreign");
        db.connect(reach, site, "", false);
        return;
    }
    const analyzer = db.analyzer(site);
    analyzer.statement(node);
    retry(db, site, node, analyzer);
    const reach = db.reach(analyzer.reads, analyzer.calls);
    const verb = what ?? Object.keys(node)[0]?.replace("Stmt", "").toUpperCase() ?? "A query";
    db.connect(reach, site, verb, analyzer.calls.size === 0);
}

export function runCopy(execution: Execution, db: Database, statement: CopyStmt, site: Site): void {
    if (statement.query !== undefined) {
        runQuery(execution, db, statement.query, site, "COPY");
        return;
    }
    const relation =
        statement.relation === undefined ? undefined : db.relation(rangeName(statement.relation), placeOf(site));
    if (relation === undefined || relation.kind !== "foreign") {
        return;
    }
    for (const column of relation.remote === undefined ? [] : strings(statement.attlist)) {
        db.unknowns.column(relation.remote ?? -1, column, placeOf(site));
    }
    if (statement.is_from !== true || statement.filename !== undefined) {
        db.connect([relation], site, "COPY");
    }
}

/** A query over relations that come later is looked at again when all is read. */
function retry(db: Database, site: Site, node: Node, analyzer: Analyzer): void {
    if (
        analyzer.missing.some(
            ({ schema, name }) => schema !== "pg_catalog" && schema !== "information_schema" && !name.startsWith("pg_"),
        )
    ) {
        const path = db.path;
        db.postpone(() => {
            db.analyzer(site, path).statement(node);
        });
    }
}
