/** Runs what the schema runs itself: DO blocks, and routines that are called with constants. */

import type { Node } from "libpg-query";
import { defElems, defText, qualified, strings } from "../parse/ast";
import { plRoutine } from "../parse/plpgsql";
import { BlockRunner, catalogWorld } from "./blocks";
import { CURRENT_DATABASE, key, type Routine } from "./catalog";
import { type Database, placeOf, type Site } from "./database";
import { evaluate, type Value } from "./evaluate";
import type { Execution } from "./execution";
import { analyzeBlock, linesTo } from "./routines";

export function runBlock(execution: Execution, db: Database, site: Site, node: Node): void {
    const args = "DoStmt" in node ? defElems(node.DoStmt.args) : [];
    const body = defText(args.find(({ defname }) => defname === "as")?.arg) ?? "";
    const language = defText(args.find(({ defname }) => defname === "language")?.arg) ?? "plpgsql";
    const routine = language.toLowerCase() === "plpgsql" ? plRoutine(site.sql, body) : undefined;
    const matters = /\b(?:server|foreign|user\s+mapping)\b/i.test(body);
    if (routine === undefined) {
        if (matters) {
            db.findings.add(
                "warning",
                "dynamic-unknown",
                "This DO block names foreign servers or tables and cannot be understood.",
                placeOf(site),
            );
        }
        return;
    }
    const bodyLine = site.line + linesTo(site.sql, body);
    const runner = blockRunner(execution, db, site, bodyLine);
    runner.records = new Set(routine.variables.filter(({ type }) => type === "record").map(({ name }) => name));
    runner.routine(routine, new Map());
    analyzeBlock(db, site, routine, body, bodyLine);
}

/** A routine called with constants, whose body makes foreign objects, runs like a DO block. */
export function runCall(execution: Execution, db: Database, site: Site, node: Node | undefined): void {
    if (node === undefined || !("FuncCall" in node)) {
        return;
    }
    const name = qualified(strings(node.FuncCall.funcname));
    const args = node.FuncCall.args ?? [];
    const routine: Routine | undefined = db
        .routines(name)
        .find((each) => each.parameters.filter(({ mode }) => mode === "in").length >= args.length);
    if (routine?.body === undefined || !/\b(?:server|foreign|user\s+mapping|role)\b/i.test(routine.body)) {
        return;
    }
    execution.ran.add(key(routine.schema, routine.name));
    const world = catalogWorld(db, CURRENT_DATABASE, execution.roles);
    const values = new Map<string, Value>();
    const inputs = routine.parameters.filter(({ mode }) => mode === "in");
    args.forEach((arg, index) => {
        const named = "NamedArgExpr" in arg ? arg.NamedArgExpr : undefined;
        const value = evaluate(named === undefined ? arg : named.arg, site.environment ?? new Map(), world);
        const parameter = named === undefined ? inputs[index]?.name : named.name;
        if (value !== undefined) {
            values.set(`$${index + 1}`, value);
            if (parameter !== undefined && parameter !== "") {
                values.set(parameter, value);
            }
        }
    });
    const parsed = routine.language === "plpgsql" ? plRoutine(routine.sql, routine.body) : undefined;
    if (parsed !== undefined) {
        blockRunner(execution, db, { ...site, file: routine.file }, routine.bodyLine).routine(parsed, values);
    }
}

function blockRunner(execution: Execution, db: Database, site: Site, bodyLine: number): BlockRunner {
    return new BlockRunner(db, site, bodyLine, catalogWorld(db, CURRENT_DATABASE, execution.roles), (node, inner) =>
        execution.nested(db, node, inner),
    );
}
