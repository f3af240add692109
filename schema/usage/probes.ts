/**
 * Asks PostgreSQL what it makes of an expression. Types: a probe is prepared as a query, whose parameters get the types
 * that the analyser of the server finds, and is thrown away again. Values: it is computed, where nothing volatile is
 * called.
 */

import { z } from "zod";
import { quoteIdent, quoteLiteral } from "../../upstreams/quote";
import type { ColumnType } from "../types";
import { typeOf, typeRow, typeSql } from "./rows";

export type Probe = {
    /** For types a query without FROM, with parameters; for a value an expression. */
    readonly sql: string;
    /** Schemas in which names are looked up, in order. */
    readonly path: readonly string[];
} & (
    | {
          /** By the number of the parameter; undefined where PostgreSQL is to find the type. */
          readonly types: ReadonlyArray<string | undefined>;
      }
    | {
          /** Names of what is called for the value: only PostgreSQL's own and nothing volatile is computed. */
          readonly functions: readonly string[];
      }
);

/** The types (that of the result since version 16) or the value; or the SQLSTATE and the message of a refusal. */
export type Reply =
    | { readonly types: readonly ColumnType[]; readonly result?: ColumnType }
    | { readonly value: string | null }
    | { readonly refused: string; readonly message: string };

const reply = z.union([
    z.object({ types: z.array(typeRow), result: typeRow.nullable() }),
    z.object({ value: z.string().nullable() }),
    z.object({ refused: z.string(), message: z.string() }),
]);

/**
 * Each probe runs in a subtransaction that is undone, so that neither its search path nor its error outlives it. What is
 * prepared is in no transaction.
 */
const RUN = `DECLARE
    probe jsonb;
    value text;
    replies jsonb := '[]';
BEGIN
    FOR probe IN SELECT * FROM pg_catalog.jsonb_array_elements(pg_catalog.current_setting('fdw_stub.probes')::pg_catalog.jsonb) LOOP
        BEGIN
            PERFORM pg_catalog.set_config('search_path', probe ->> 'path', true);
            IF probe ? 'functions' THEN
                IF EXISTS (SELECT FROM pg_catalog.pg_proc WHERE probe -> 'functions' ? proname::text
                    AND (provolatile = 'v' OR pronamespace <> 'pg_catalog'::pg_catalog.regnamespace)) THEN
                    RAISE SQLSTATE '2F003';
                END IF;
                EXECUTE 'SELECT (' || (probe ->> 'sql') || ')::pg_catalog.text' INTO value;
                replies := replies || pg_catalog.jsonb_build_object('value', value);
                RAISE SQLSTATE 'FSP00';
            END IF;
            EXECUTE 'PREPARE fdw_stub_probe ' || (probe ->> 'types') || ' AS ' || (probe ->> 'sql');
            SELECT replies || pg_catalog.jsonb_build_object('types', parameter_types::pg_catalog.oid[],
                    'result', (pg_catalog.to_jsonb(s) -> 'result_types' ->> 0)::pg_catalog.regtype::pg_catalog.oid)
                INTO replies FROM pg_catalog.pg_prepared_statements s WHERE name = 'fdw_stub_probe';
            DEALLOCATE fdw_stub_probe;
            RAISE SQLSTATE 'FSP00';
        EXCEPTION
            WHEN SQLSTATE 'FSP00' THEN
                NULL;
            WHEN OTHERS THEN
                replies := replies || pg_catalog.jsonb_build_object('refused', SQLSTATE, 'message', SQLERRM);
        END;
    END LOOP;
    PERFORM pg_catalog.set_config('fdw_stub.replies', replies::text, true);
END`;

/** The statements that ask, and the query whose rows are the replies, in order, with `probe` before each. */
export function probing(probes: readonly Probe[]): { readonly before: string; readonly query: string } {
    const texts = probes.map(({ sql, path, ...asked }) => ({
        sql,
        path: path.map(quoteIdent).join(", "),
        ...("types" in asked ? { types: declared(asked.types) } : asked),
    }));
    return {
        before: `SELECT pg_catalog.set_config('fdw_stub.probes', ${quoteLiteral(JSON.stringify(texts))}, true); DO ${quoteLiteral(RUN)};\n`,
        query: `SELECT 'probe', (CASE WHEN NOT reply ? 'types' THEN reply ELSE pg_catalog.jsonb_build_object(
                'types', coalesce((SELECT pg_catalog.jsonb_agg(${typeSql("p.type::oid", "NULL")} ORDER BY p.at)
                    FROM pg_catalog.jsonb_array_elements_text(reply -> 'types') WITH ORDINALITY p (type, at)), '[]'),
                'result', ${typeSql("(reply ->> 'result')::oid", "NULL")}) END)::text
            FROM pg_catalog.jsonb_array_elements(pg_catalog.current_setting('fdw_stub.replies')::pg_catalog.jsonb) r (reply)`,
    };
}

function declared(types: ReadonlyArray<string | undefined>): string {
    return types.length === 0 ? "" : `(${types.map((type) => type ?? "pg_catalog.unknown").join(", ")})`;
}

export function replyOf(text: string): Reply {
    const found = reply.parse(JSON.parse(text));
    return !("types" in found)
        ? found
        : { types: found.types.map(typeOf), ...(found.result === null ? {} : { result: typeOf(found.result) }) };
}
