/** What queries that dblink sends tell of the tables there. */

import { parseSql } from "../../upstreams/parser";
import type { QualifiedName } from "../parse/ast";
import type { Place } from "../report";
import type { DblinkCall } from "../usage/analysis";
import { Analyzer } from "../usage/analyze";
import { EMPTY } from "../usage/outputs";
import { STRENGTH } from "../usage/unknowns";
import type { Import, Relation } from "./catalog";
import type { Database } from "./database";
import type { NeededServer } from "./needs";
import { resolveType } from "./types";

/** The tables that queries sent to a server name: like those of an import, their columns follow from their use. */
export class RemoteTables {
    private readonly imports = new Map<string, Import>();
    private readonly relations = new Map<string, Relation>();

    constructor(private readonly db: Database) {}

    /** @returns false where the text is no SQL. */
    read(server: NeededServer, sql: string, call: DblinkCall): boolean {
        const parsed = parseSql(sql);
        if (!("nodes" in parsed)) {
            return false;
        }
        const analyzer = new Analyzer({
            unknowns: this.db.unknowns,
            relation: (name) => this.relation(server, name, call.place),
            routines: () => [],
            type: (type) => resolveType(type, this.db.lookup()),
            place: () => call.place,
            dblink: () => undefined,
        });
        const output = parsed.nodes.map((node) => analyzer.statement(node)).at(-1) ?? EMPTY;
        const reason = "column definition list of dblink()";
        const [open] = output.open;
        call.columns.forEach((column, index) => {
            // Positions count, unless the query is a star over one table, whose columns then have the list's names.
            const term =
                open === undefined
                    ? output.columns[index]?.term
                    : this.db.unknowns.column(open, column.name, call.place);
            if (term !== undefined && output.open.length <= 1) {
                this.db.unknowns.hint(term, column.type, STRENGTH.assignment, reason);
            }
        });
        return true;
    }

    private relation(server: NeededServer, name: QualifiedName, place: Place): Relation | undefined {
        if (name.schema === undefined && name.name.startsWith("pg_")) {
            // A system catalog, which every database has.
            return undefined;
        }
        const schema = name.schema ?? "public";
        const from = this.import(server, schema, place);
        const mark = `${from.id}\0${name.name}`;
        const known = this.relations.get(mark);
        if (known !== undefined) {
            return known;
        }
        const relation: Relation = {
            id: this.db.shared.next(),
            schema,
            name: name.name,
            kind: "foreign",
            place,
            columns: [],
            parents: [],
            missingParents: [],
            options: new Map(),
            remote: this.db.unknowns.table(from.id, schema, name.name, place).id,
            renamed: [],
            reads: [],
            calls: [],
            version: 0,
        };
        this.relations.set(mark, relation);
        return relation;
    }

    private import(server: NeededServer, schema: string, place: Place): Import {
        const mark = `${server.server?.version ?? 0}\0${schema}`;
        const known = this.imports.get(mark);
        if (known !== undefined) {
            return known;
        }
        const made: Import = {
            id: this.db.shared.next(),
            server: server.name,
            remoteSchema: schema,
            localSchema: schema,
            list: "all",
            tables: [],
            place,
        };
        this.imports.set(mark, made);
        server.imports.push(made);
        return made;
    }
}
