/**
 * PostgreSQL's catalogs, as far as a statement needs them. Names are asked for while a statement is gone through; those
 * not known yet are noted, loaded with one query, and the statement is gone through again.
 */

import { z } from "zod";
import { quoteLiteral, unquoteIdent } from "../../upstreams/quote";
import type { QualifiedName } from "../parse/ast";
import { type ColumnType, printedType } from "../types";
import type { Parameter, Routine } from "./analysis";
import { type Probe, probing, type Reply, replyOf } from "./probes";
import type { Question, Term } from "./terms";
import { typeOf, typeRow, typeSql } from "./type-rows";

/** Runs a query on the database under rehearsal and gives rows as texts. */
export type CatalogQuery = (sql: string) => Promise<ReadonlyArray<ReadonlyArray<string | null>>>;

export interface CatalogColumn {
    /** From 1, with gaps where columns were dropped. */
    readonly number: number;
    readonly name: string;
    readonly type: ColumnType;
    /** Option `column_name` of a foreign table's column. */
    readonly remoteName?: string;
}

export interface CatalogRelation {
    readonly oid: string;
    readonly schema: string;
    readonly name: string;
    readonly kind: "table" | "foreign" | "view";
    readonly columns: readonly CatalogColumn[];
    /** The query of a view or a materialized view. */
    readonly definition?: string;
    /** Foreign tables. */
    readonly server?: string;
    readonly options: ReadonlyMap<string, string>;
}

/** A function or procedure in SQL or PL/pgSQL. */
export interface CatalogRoutine extends Routine {
    readonly oid: string;
    readonly source?: RoutineSource;
}

export interface RoutineSource {
    readonly language: string;
    readonly body: string;
    /** The whole CREATE statement, as PostgreSQL prints it. */
    readonly sql: string;
    /** `search_path` that it sets. */
    readonly path?: readonly string[];
}

// Rows, as the queries below make them.
const optionList = z.array(z.string()).nullable();
const relationRow = z.object({
    oid: z.string(),
    schema: z.string(),
    name: z.string(),
    kind: z.enum(["r", "p", "f", "v", "m"]),
    columns: z.array(z.tuple([z.number(), z.string(), typeRow, optionList])).nullable(),
    definition: z.string().nullable(),
    server: z.string().nullable(),
    options: optionList,
});
const routineRow = z.object({
    oid: z.string(),
    schema: z.string(),
    name: z.string(),
    args: z.array(z.tuple([z.string().nullable(), z.string().nullable(), typeRow])).nullable(),
    result: typeRow.nullable(),
    defaults: z.number(),
    variadic: typeRow.nullable(),
    language: z.string(),
    body: z.string().nullable(),
    sql: z.string().nullable(),
    config: optionList,
});

const RELATIONS = `SELECT 'relation', pg_catalog.json_build_object(
        'oid', c.oid::text, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
        'columns', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                a.attnum, a.attname, ${typeSql("a.atttypid", "a.atttypmod")}, a.attfdwoptions) ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        'definition', CASE WHEN c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                           THEN pg_catalog.pg_get_viewdef(c.oid) END,
        'server', s.srvname, 'options', f.ftoptions)::text
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = c.oid
      LEFT JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
      WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relname`;

const ROUTINES = `SELECT 'routine', pg_catalog.json_build_object(
        'oid', p.oid::text, 'schema', n.nspname, 'name', p.proname,
        'args', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                p.proargnames[a.i], p.proargmodes[a.i], ${typeSql("a.type", "NULL")}) ORDER BY a.i)
            FROM pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY a(type, i)),
        'result', ${typeSql("p.prorettype", "NULL")}, 'defaults', p.pronargdefaults,
        'variadic', ${typeSql("p.provariadic", "NULL")}, 'language', l.lanname,
        'body', CASE WHEN own.code THEN p.prosrc END,
        'sql', CASE WHEN own.code THEN pg_catalog.pg_get_functiondef(p.oid) END,
        'config', p.proconfig)::text
      FROM pg_catalog.pg_proc p
      JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      JOIN pg_catalog.pg_language l ON l.oid = p.prolang
      CROSS JOIN LATERAL (SELECT l.lanname IN ('sql', 'plpgsql') AND p.prokind IN ('f', 'p')
          AND n.nspname NOT IN ('pg_catalog', 'information_schema')) own(code)
      WHERE`;

const SERVERS = "SELECT 'server', srvname::text FROM pg_catalog.pg_foreign_server WHERE srvname";

/** Functions and procedures that somebody wrote: not those of extensions, and none of PostgreSQL's. */
const WRITTEN = `own.code AND n.nspname <> 'pg_fdw_stub_rehearsal' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')
      ORDER BY p.oid`;

const TRIGGERS = `SELECT t.tgfoid::text, n.nspname, c.relname
      FROM pg_catalog.pg_trigger t
      JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE NOT t.tgisinternal ORDER BY t.oid`;

function optionsOf(list: z.output<typeof optionList>): Map<string, string> {
    return new Map(
        (list ?? []).map((option) => {
            const at = option.indexOf("=");
            return [option.slice(0, at), option.slice(at + 1)];
        }),
    );
}

function relationOf(text: string): CatalogRelation {
    const row = relationRow.parse(JSON.parse(text));
    return {
        oid: row.oid,
        schema: row.schema,
        name: row.name,
        kind: row.kind === "f" ? "foreign" : row.kind === "v" || row.kind === "m" ? "view" : "table",
        columns: (row.columns ?? []).map(([number, name, type, options]): CatalogColumn => {
            const remoteName = optionsOf(options).get("column_name");
            return { number, name, type: typeOf(type), ...(remoteName === undefined ? {} : { remoteName }) };
        }),
        options: optionsOf(row.options),
        ...(row.definition === null ? {} : { definition: row.definition }),
        ...(row.server === null ? {} : { server: row.server }),
    };
}

function routineOf(text: string): CatalogRoutine {
    const row = routineRow.parse(JSON.parse(text));
    const args = (row.args ?? []).map(([name, mode, type]) => ({
        name: name ?? "",
        mode: mode ?? "i",
        type: typeOf(type),
    }));
    const of = (modes: string): Parameter[] =>
        args
            .filter(({ mode }) => modes.includes(mode))
            .map(({ name, type, mode }) => ({
                name,
                type: mode === "v" && row.variadic !== null ? typeOf(row.variadic) : type,
            }));
    const path = pathOf(optionsOf(row.config).get("search_path"));
    return {
        oid: row.oid,
        schema: row.schema,
        name: row.name,
        inputs: of("ibv"),
        outputs: of("obt"),
        result: row.result === null ? printedType("void") : typeOf(row.result),
        defaults: row.defaults,
        variadic: row.variadic !== null,
        library: row.language === "c" || row.language === "internal",
        ...(row.body === null || row.sql === null
            ? {}
            : {
                  source: {
                      language: row.language,
                      body: row.body,
                      sql: row.sql,
                      ...(path === undefined ? {} : { path }),
                  },
              }),
    };
}

/** The schemas of a `search_path` setting. */
function pathOf(setting: string | undefined): string[] | undefined {
    return setting?.match(/"(?:[^"]|"")*"|[^\s,"]+/g)?.map(unquoteIdent);
}

const QUERIES = {
    relation: RELATIONS,
    routine: `${ROUTINES} p.proname`,
    server: SERVERS,
} as const;

type Kind = keyof typeof QUERIES;

const KINDS: readonly Kind[] = ["relation", "routine", "server"];

/**
 * The catalogs of a database, for one statement: the next one may change them. A name without a schema finds all that
 * have it, in any schema.
 */
export class Catalog {
    /** By name, of those that are loaded. */
    private readonly loaded = {
        relation: new Map<string, CatalogRelation[]>(),
        routine: new Map<string, CatalogRoutine[]>(),
        server: new Map<string, string[]>(),
    };
    private readonly wanted = { relation: new Set<string>(), routine: new Set<string>(), server: new Set<string>() };
    /** What follows from the replies for expressions; empty again when more is loaded. */
    readonly resolved = new Map<Question, Term>();
    private readonly replies = new Map<string, Reply>();
    private readonly probes = new Map<string, Probe>();

    /** @param known Replies to what is asked again and again. A refusal is none: the next statement may mend it. */
    constructor(
        private readonly query: CatalogQuery,
        private readonly known = new Map<string, Reply>(),
    ) {}

    relations(name: string): readonly CatalogRelation[] {
        return this.named("relation", name, this.loaded.relation);
    }

    routines(name: string): readonly CatalogRoutine[] {
        return this.named("routine", name, this.loaded.routine);
    }

    /** Is there a foreign server of this name? */
    server(name: string): boolean {
        return this.named("server", name, this.loaded.server).length > 0;
    }

    private named<T>(kind: Kind, name: string, loaded: ReadonlyMap<string, readonly T[]>): readonly T[] {
        const found = loaded.get(name);
        // No name holds a NUL, and a constant text may.
        if (found === undefined && !name.includes("\0")) {
            this.wanted[kind].add(name);
        }
        return found ?? [];
    }

    /** What PostgreSQL makes of an expression; undefined until it is loaded. */
    probe(probe: Probe): Reply | undefined {
        const mark = JSON.stringify(probe);
        if (mark.includes("\\u0000")) {
            return { refused: "22P05", message: "a NUL" };
        }
        const found = this.known.get(mark) ?? this.replies.get(mark);
        if (found === undefined) {
            this.probes.set(mark, probe);
        }
        return found;
    }

    /** Loads what was asked for and is not known. @returns false where all was known. */
    async load(): Promise<boolean> {
        const parts: string[] = [];
        for (const kind of KINDS) {
            const names = [...this.wanted[kind]];
            if (names.length > 0) {
                const list = names.map((name) => quoteLiteral(name)).join(", ");
                parts.push(`${QUERIES[kind]} = ANY (ARRAY[${list}]::pg_catalog.name[])`);
            }
            for (const name of names) {
                this.loaded[kind].set(name, []);
            }
            this.wanted[kind].clear();
        }
        const probes = [...this.probes];
        this.probes.clear();
        const { before, query } = probing(probes.map(([, probe]) => probe));
        if (probes.length > 0) {
            parts.push(query);
        }
        if (parts.length === 0) {
            return false;
        }
        this.resolved.clear();
        const rows = await this.query(`${probes.length > 0 ? before : ""}${parts.join("\nUNION ALL\n")}`);
        for (const [kind, text] of rows) {
            if (kind !== "probe") {
                this.keep(kind ?? "", text ?? "");
            }
        }
        const replies = rows.flatMap(([kind, text]) => (kind === "probe" ? [replyOf(text ?? "")] : []));
        probes.forEach(([mark], at) => {
            const reply = replies[at] ?? { refused: "", message: "" };
            this.replies.set(mark, reply);
            if ("types" in reply) {
                this.known.set(mark, reply);
            }
        });
        return true;
    }

    private keep(kind: string, text: string): void {
        if (kind === "relation") {
            const relation = relationOf(text);
            this.loaded.relation.get(relation.name)?.push(relation);
        } else if (kind === "routine") {
            const routine = routineOf(text);
            this.loaded.routine.get(routine.name)?.push(routine);
        } else if (kind === "server") {
            this.loaded.server.get(text)?.push(text);
        }
    }
}

/** Every routine in SQL or PL/pgSQL that somebody wrote, with the tables on which it is a trigger. */
export async function writtenRoutines(
    query: CatalogQuery,
): Promise<Array<{ readonly routine: CatalogRoutine; readonly triggerOn: readonly QualifiedName[] }>> {
    const tables = new Map<string, QualifiedName[]>();
    for (const [oid, schema, name] of await query(TRIGGERS)) {
        const on = { schema: schema ?? "", name: name ?? "" };
        tables.set(oid ?? "", [...(tables.get(oid ?? "") ?? []), on]);
    }
    return (await query(`${ROUTINES} ${WRITTEN}`)).map(([, text]) => {
        const routine = routineOf(text ?? "");
        return { routine, triggerOn: tables.get(routine.oid) ?? [] };
    });
}

/** The schemas of the session's search path, those that are always searched included. */
export async function currentPath(query: CatalogQuery): Promise<string[]> {
    const rows = await query("SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))::text");
    return rows.flatMap(([schema]) => schema ?? []);
}
