/** Statements that make no relation: they only mention some, or connect to them. */

import type { Node, RangeVar } from "libpg-query";
import { defElems, items, objectName, qualified, rangeName, strings } from "../parse/ast";
import { outputOf } from "../usage/outputs";
import { child, itemOf } from "../usage/scope";
import { key, type Relation } from "./catalog";
import { type Database, placeOf, type Site } from "./database";
import type { Execution } from "./execution";
import { runCopy, runQuery } from "./queries";

/** Statements that only mention relations, or connect to them. */
export function runMention(execution: Execution, db: Database, node: Node, site: Site): void {
    const relations = (ranges: ReadonlyArray<RangeVar | undefined>) =>
        ranges.flatMap((range) =>
            range === undefined ? [] : (db.relation(rangeName(range), placeOf(site, range.location)) ?? []),
        );
    const connect = (found: readonly Relation[], what: string) =>
        db.connect(
            db.reach(
                found.map(({ id }) => id),
                [],
            ),
            site,
            what,
        );
    if ("CopyStmt" in node) {
        runCopy(execution, db, node.CopyStmt, site);
    } else if ("VacuumStmt" in node) {
        const analyze =
            node.VacuumStmt.is_vacuumcmd !== true ||
            defElems(node.VacuumStmt.options).some(({ defname }) => defname === "analyze");
        const ranges = (node.VacuumStmt.rels ?? []).flatMap((each) =>
            "VacuumRelation" in each ? [each.VacuumRelation.relation] : [],
        );
        // ANALYZE of a parent reaches its foreign children; ANALYZE without a name passes foreign tables over.
        if (analyze) {
            connect(relations(ranges), "ANALYZE");
        }
    } else if ("TruncateStmt" in node) {
        connect(
            relations(
                (node.TruncateStmt.relations ?? []).map((each) => ("RangeVar" in each ? each.RangeVar : undefined)),
            ),
            "TRUNCATE",
        );
    } else if ("IndexStmt" in node) {
        const relation = relations([node.IndexStmt.relation])[0];
        if (relation !== undefined) {
            const analyzer = db.analyzer(site);
            const scope = child(undefined);
            scope.items.push(itemOf(relation.name, outputOf(relation)));
            for (const each of node.IndexStmt.indexParams ?? []) {
                const element = "IndexElem" in each ? each.IndexElem : undefined;
                if (element?.name !== undefined) {
                    analyzer.expression({ ColumnRef: { fields: [{ String: { sval: element.name } }] } }, scope);
                }
                analyzer.expression(element?.expr, scope);
            }
            analyzer.condition(node.IndexStmt.whereClause, scope);
        }
    } else if ("CommentStmt" in node) {
        const names = strings(items(node.CommentStmt.object));
        if (node.CommentStmt.objtype === "OBJECT_COLUMN") {
            const column = names.pop() ?? "";
            const relation = db.relation(qualified(names), placeOf(site));
            if (relation?.remote !== undefined && !relation.columns.some(({ name }) => name === column)) {
                db.unknowns.column(relation.remote, column, placeOf(site));
            }
        } else if (node.CommentStmt.objtype === "OBJECT_FOREIGN_TABLE" || node.CommentStmt.objtype === "OBJECT_TABLE") {
            db.relation(objectName(node.CommentStmt.object), placeOf(site));
        }
    } else if ("GrantStmt" in node) {
        if (node.GrantStmt.objtype === "OBJECT_TABLE" && node.GrantStmt.targtype === "ACL_TARGET_OBJECT") {
            const found = relations(
                (node.GrantStmt.objects ?? []).map((each) => ("RangeVar" in each ? each.RangeVar : undefined)),
            );
            const columns = (node.GrantStmt.privileges ?? []).flatMap((each) =>
                "AccessPriv" in each ? strings(each.AccessPriv.cols) : [],
            );
            for (const relation of found) {
                for (const column of relation.remote === undefined ? [] : columns) {
                    db.unknowns.column(relation.remote ?? -1, column, placeOf(site));
                }
            }
        }
    } else if ("CreateTrigStmt" in node) {
        const relation = relations([node.CreateTrigStmt.relation])[0];
        const routine = db.routines(qualified(strings(node.CreateTrigStmt.funcname)))[0];
        if (relation !== undefined) {
            const name = qualified(strings(node.CreateTrigStmt.funcname));
            db.catalog.triggers.push({
                relation: relation.id,
                routine:
                    routine === undefined ? key(name.schema ?? "public", name.name) : key(routine.schema, routine.name),
            });
        }
    } else if ("ExplainStmt" in node && node.ExplainStmt.query !== undefined) {
        runQuery(execution, db, node.ExplainStmt.query, site, "EXPLAIN");
    } else if ("PrepareStmt" in node && node.PrepareStmt.query !== undefined) {
        runQuery(execution, db, node.PrepareStmt.query, site, "PREPARE");
    } else if ("DeclareCursorStmt" in node && node.DeclareCursorStmt.query !== undefined) {
        runQuery(execution, db, node.DeclareCursorStmt.query, site, "DECLARE CURSOR");
    } else if ("AlterOwnerStmt" in node || "AlterDefaultPrivilegesStmt" in node || "CreateRoleStmt" in node) {
        return;
    } else if ("LockStmt" in node) {
        relations((node.LockStmt.relations ?? []).map((each) => ("RangeVar" in each ? each.RangeVar : undefined)));
    }
}
