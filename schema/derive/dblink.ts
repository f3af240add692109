/** `dblink('server or connection string', 'SELECT …') AS t(column type, …)` tells an upstream's tables too. */

import { parseSql } from "../../upstreams/parser";
import { constText, type QualifiedName } from "../parse/ast";
import type { Place } from "../report";
import type { DblinkCall } from "../usage/analysis";
import { Analyzer } from "../usage/analyze";
import { STRENGTH } from "../usage/unknowns";
import { connectionString } from "./address";
import type { Import, Relation } from "./catalog";
import type { Database } from "./database";
import type { NeededServer } from "./needs";
import { resolveType } from "./types";

/** Turns the calls into needs of their servers. */
export function dblinkNeeds(db: Database): void {
    const tables = new RemoteTables(db);
    for (const call of db.dblinkCalls) {
        // dblink(sql) uses the connection opened before, whose server is not in the call.
        const [first, second] = call.args.map((arg) => constText(arg));
        if (first === undefined || second === undefined) {
            db.findings.add(
                "note",
                "dblink-unknown",
                "This dblink call names its connection or its query by an expression, or uses one opened elsewhere; what it reads is not known.",
                call.place,
            );
            continue;
        }
        const server = target(db, first, call);
        if (server === undefined) {
            db.findings.add(
                "note",
                "dblink-unknown",
                "This dblink call uses a connection that was opened elsewhere; where it leads is not known.",
                call.place,
            );
            continue;
        }
        tables.read(server, second, call);
    }
}

function target(db: Database, text: string, call: DblinkCall): NeededServer | undefined {
    if (db.catalog.servers.has(text)) {
        const needed = db.serverNeed(text, call.place);
        for (const mapping of db.catalog.mappings.values()) {
            if (mapping.server === text) {
                db.needs.mapping(needed, mapping);
            }
        }
        return needed;
    }
    const options = connectionString(text);
    if (options === undefined || !(options.has("dbname") || options.has("host"))) {
        return undefined;
    }
    const mapping = new Map([...options].filter(([name]) => name === "user" || name === "password"));
    const made: NeededServer = {
        name: "dblink",
        kind: { kind: "dblink" },
        place: call.place,
        server: {
            name: "dblink",
            wrapper: "dblink_fdw",
            options: new Map([...options].filter(([name]) => !mapping.has(name))),
            place: call.place,
            version: db.shared.next(),
        },
        mappings: new Map([
            ["", { server: "dblink", role: "public", written: "dblink", options: mapping, place: call.place }],
        ]),
        tables: [],
        imports: [],
    };
    db.needs.direct.push(made);
    return made;
}

/** The tables that queries sent to a server name: like those of an import, their columns follow from their use. */
class RemoteTables {
    private readonly imports = new Map<string, Import>();
    private readonly relations = new Map<string, Relation>();

    constructor(private readonly db: Database) {}

    read(server: NeededServer, sql: string, call: DblinkCall): void {
        const parsed = parseSql(sql);
        const node = "nodes" in parsed ? parsed.nodes[0] : undefined;
        if (node === undefined) {
            return;
        }
        const analyzer = new Analyzer({
            unknowns: this.db.unknowns,
            relation: (name) => this.relation(server, name, call.place),
            routines: () => [],
            type: (type) => resolveType(type, this.db.lookup()),
            place: () => call.place,
            dblink: () => undefined,
        });
        const output = analyzer.statement(node);
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
    }

    private relation(server: NeededServer, name: QualifiedName, place: Place): Relation {
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
            localSchema: "dblink",
            list: "all",
            tables: [],
            place,
        };
        this.imports.set(mark, made);
        server.imports.push(made);
        return made;
    }
}
