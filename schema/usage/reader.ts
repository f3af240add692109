/** Looks names up for the analyser: in the catalog, among imported tables, and in what statements are about to make. */

import type { Node, TypeName } from "libpg-query";
import { parseSql } from "../../upstreams/parser";
import { type QualifiedName, qualified } from "../parse/ast";
import type { Place } from "../report";
import { type ColumnType, TEXT } from "../types";
import type { AnalyzerHost, DblinkCall, Relation } from "./analysis";
import { Analyzer } from "./analyze";
import type { Catalog, CatalogRelation, CatalogRoutine } from "./catalog";
import { fieldOf } from "./columns";
import { type Constants, partlyConstant, type Value } from "./constants";
import type { Knowledge } from "./knowledge";
import { namedType } from "./named-type";
import { splitName } from "./names";
import { overlaid } from "./overlays";
import type { Probe, Reply } from "./probes";
import { itemOf } from "./scope";
import { NONE, type Output, type OutputColumn, type Question, type Term, typed } from "./terms";
import type { Unknowns } from "./unknowns";

/** Where a statement stands, and what its names and variables mean there. */
export interface Context {
    /** Effective schemas, those that are always searched included, in order. */
    readonly path: readonly string[];
    /** The place of a parser location; of the statement without one. */
    readonly place: (location?: number) => Place;
    /** The statement's text. */
    readonly sql: string;
    /** Values of variables that are certain. */
    readonly values: ReadonlyMap<string, Value>;
}

export class Reader implements AnalyzerHost {
    readonly analyzer = new Analyzer(this);
    /** Views whose query is being gone through. */
    private readonly within: Set<string>;

    constructor(
        readonly knowledge: Knowledge,
        readonly catalog: Catalog,
        readonly context: Context,
        outer?: Reader,
    ) {
        this.within = outer?.within ?? new Set();
    }

    get unknowns(): Unknowns {
        return this.knowledge.unknowns;
    }

    /** The same look-up from elsewhere. */
    at(context: Partial<Context>): Reader {
        return new Reader(this.knowledge, this.catalog, { ...this.context, ...context }, this);
    }

    place(location?: number): Place {
        return this.context.place(location);
    }

    get path(): readonly string[] {
        return this.context.path;
    }

    get resolved(): Map<Question, Term> {
        return this.catalog.resolved;
    }

    probe(probe: Probe): Reply | undefined {
        return this.catalog.probe(probe);
    }

    get sql(): string {
        return this.context.sql;
    }

    get constants(): Constants {
        return {
            values: this.context.values,
            evaluate: (sql, functions) => {
                const reply = this.probe({ sql, path: this.path, functions });
                return reply !== undefined && "value" in reply ? reply.value : undefined;
            },
        };
    }

    relation(name: QualifiedName, place: Place): Relation | undefined {
        const schemas = name.schema === undefined ? this.context.path : [name.schema];
        const rows = this.catalog.relations(name.name);
        for (const schema of schemas) {
            const row = rows.find((each) => each.schema === schema);
            if (row !== undefined) {
                return this.present(row, place);
            }
        }
        for (const schema of name.schema === undefined ? ["pg_temp", ...schemas] : schemas) {
            const output = this.knowledge.overlays.missing(schema, name.name);
            if (output !== undefined) {
                return { schema, name: name.name, output };
            }
        }
        for (const schema of name.name.startsWith("pg_") && name.schema === undefined ? [] : schemas) {
            const table = this.knowledge.bringing(schema, name.name, place);
            if (table !== undefined) {
                return { schema, name: name.name, output: this.knowledge.outputOf(table, place), remote: table.id };
            }
        }
        return undefined;
    }

    /** A relation that the catalog has. */
    private present(row: CatalogRelation, place: Place): Relation {
        const { schema, name } = row;
        if (row.kind === "foreign" && row.server !== undefined) {
            const [remoteSchema, remoteName] = [row.options.get("schema_name"), row.options.get("table_name")];
            if (
                remoteSchema !== undefined &&
                remoteName !== undefined &&
                this.knowledge.imports.brought(row.server, remoteSchema, remoteName) &&
                // IMPORT names the remote column of each; who declares a table seldom does.
                (row.columns.length === 0 || row.columns.some((column) => column.remoteName !== undefined))
            ) {
                return this.imported(row, row.server, remoteSchema, remoteName, place);
            }
        }
        const overlay = this.knowledge.overlays.of(row);
        return { schema, name, output: overlaid(row, overlay ?? this.view(row, place)) };
    }

    /** A table that an import brought: it has the columns that are known, and more may come. */
    private imported(row: CatalogRelation, server: string, schema: string, name: string, place: Place): Relation {
        // From a stub that was made by an earlier guess it comes without being asked for; the guess is one all the same.
        this.knowledge.importOf(row.schema, row.name, place);
        const { output, remote } = this.knowledge.remoteRelation(
            server,
            schema,
            name,
            place,
            `${row.schema}.${row.name}`,
        );
        const own = row.columns.flatMap((column): OutputColumn[] => {
            if (column.remoteName === undefined) {
                // Added after the import.
                return [{ name: column.name, term: typed(column.type) }];
            }
            return column.remoteName === column.name || remote === undefined
                ? []
                : [{ name: column.name, term: this.unknowns.column(remote, column.remoteName, place) }];
        });
        return {
            schema: row.schema,
            name: row.name,
            output: { columns: [...own, ...output.columns], open: output.open },
            ...(remote === undefined ? {} : { remote }),
        };
    }

    /** The result of a view's query, so that what a column is used for leads to where it comes from. */
    private view(row: CatalogRelation, place: Place): Output | undefined {
        const { oid, definition } = row;
        if (definition === undefined || !this.knowledge.expects || this.within.has(oid)) {
            return undefined;
        }
        const known = this.knowledge.view(oid, definition);
        if (known !== undefined) {
            return known;
        }
        const parsed = parseSql(definition);
        const node = "nodes" in parsed ? parsed.nodes[0] : undefined;
        if (node === undefined) {
            return undefined;
        }
        this.within.add(oid);
        const output = this.at({ place: () => place }).analyzer.statement(node);
        this.within.delete(oid);
        this.knowledge.views.set(oid, { definition, output });
        return output;
    }

    routines(name: QualifiedName): readonly CatalogRoutine[] {
        const schemas = name.schema === undefined ? this.context.path : [name.schema];
        return this.catalog.routines(name.name).filter(({ schema }) => schemas.includes(schema));
    }

    type(type: TypeName | undefined): ColumnType {
        if (type === undefined) {
            return TEXT;
        }
        const column = type.pct_type === true ? this.copiedType(type) : undefined;
        return column ?? namedType(this, type);
    }

    /** The same where rows of a table are as likely: an imported one that isn't there yet comes to be by that. */
    rowType(type: TypeName | undefined): ColumnType {
        const found = this.type(type);
        const relation = found.unknown === true ? this.rows(found.base) : undefined;
        return relation === undefined ? found : { ...found, row: { schema: relation.schema, name: relation.name } };
    }

    /** `table.column%TYPE`. */
    private copiedType(type: TypeName): ColumnType | undefined {
        const parts = (type.names ?? []).flatMap((node) => ("String" in node ? [node.String.sval ?? ""] : []));
        const term = this.columnNamed(parts);
        return term.kind === "type" ? term.type : undefined;
    }

    /** The column of a dotted name, whose last part is the column's. */
    columnNamed(parts: readonly string[]): Term {
        const relation = parts.length < 2 ? undefined : this.relation(qualified(parts.slice(0, -1)), this.place());
        const name = parts.at(-1) ?? "";
        return relation === undefined ? NONE : fieldOf(this.analyzer, itemOf("", relation.output), name, this.place());
    }

    /** The rows of a printed name, as in `schema.table%ROWTYPE`. */
    rows(printed: string): Relation | undefined {
        return this.relation(qualified(splitName(printed)), this.place());
    }

    dblink(call: DblinkCall): void {
        const known = this.constants;
        const args = call.args.filter((arg) => !isBoolean(arg));
        this.knowledge.dblink.read({ call, texts: args.map((arg) => partlyConstant(arg, known)), host: this }, (name) =>
            this.catalog.server(name),
        );
    }
}

/** The last argument of dblink's functions, which says whether an error fails. */
function isBoolean(arg: Node): boolean {
    return "A_Const" in arg && arg.A_Const.boolval !== undefined;
}
