/**
 * Goes through a query as PostgreSQL's analyser would: which relations it reads, what columns its result has, and what
 * it tells of columns of upstreams that nobody declared.
 */

import type { Node } from "libpg-query";
import { builtIn } from "../types";
import type { Analysis, AnalyzerHost } from "./analysis";
import { resolve } from "./asking";
import { expressionTerm } from "./expression";
import { selectQuery } from "./query";
import type { Scope } from "./scope";
import { EMPTY, type Output, type OutputColumn, type Term } from "./terms";
import { STRENGTH, type Unknowns } from "./unknowns";
import { insert, merge, remove, update } from "./writing";

export class Analyzer implements Analysis {
    constructor(readonly host: AnalyzerHost) {}

    get unknowns(): Unknowns {
        return this.host.unknowns;
    }

    statement(node: Node, scope?: Scope): Output {
        if ("SelectStmt" in node) {
            return selectQuery(this, node.SelectStmt, scope);
        }
        if ("InsertStmt" in node) {
            return insert(this, node.InsertStmt, scope);
        }
        if ("UpdateStmt" in node) {
            return update(this, node.UpdateStmt, scope);
        }
        if ("DeleteStmt" in node) {
            return remove(this, node.DeleteStmt, scope);
        }
        if ("MergeStmt" in node) {
            return merge(this, node.MergeStmt, scope);
        }
        return EMPTY;
    }

    expression(node: Node | undefined, scope: Scope): Term {
        return expressionTerm(this, node, scope);
    }

    condition(node: Node | undefined, scope: Scope): void {
        const term = this.expression(node, scope);
        this.unknowns.hint(term, builtIn("boolean"), STRENGTH.use, "used as a condition");
    }

    resolve(term: Term): Term {
        return resolve(this, term);
    }

    has(table: number, columns: readonly OutputColumn[], reason: string): void {
        for (const { name, term } of columns) {
            const column = this.unknowns.column(table, name, this.host.place(undefined));
            this.meet(column, term, STRENGTH.assignment, reason);
        }
    }

    meet(a: Term, b: Term, strength: number, reason: string): void {
        this.unknowns.meet(this.resolve(a), this.resolve(b), strength, reason);
    }
}
