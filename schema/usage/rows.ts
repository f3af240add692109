/** Types as the catalogs' queries give them. */

import { z } from "zod";
import { type ColumnType, printedType } from "../types";

export const typeRow = z.tuple([z.string(), z.boolean(), z.boolean(), z.string().nullable(), z.string().nullable()]);

/**
 * A type as `[printed, defined by the user, no column has it, schema and name of the relation whose row type it is]`.
 * What is not in pg_catalog has its schema, whatever the search path.
 */
export function typeSql(oid: string, modifier: string): string {
    return `(SELECT pg_catalog.json_build_array(
        CASE WHEN n.nspname <> 'pg_catalog' AND pg_catalog.pg_type_is_visible(b.oid)
             THEN pg_catalog.quote_ident(n.nspname) || '.' ELSE '' END || pg_catalog.format_type(t.oid, ${modifier}),
        n.nspname <> 'pg_catalog' AND b.typtype <> 'b', b.typtype = 'p', rn.nspname, r.relname)
      FROM pg_catalog.pg_type t
      JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
      JOIN pg_catalog.pg_namespace n ON n.oid = b.typnamespace
      LEFT JOIN pg_catalog.pg_class r ON r.oid = b.typrelid AND r.relkind <> 'c'
      LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
      WHERE t.oid = ${oid})`;
}

export function typeOf([printed, user, pseudo, schema, name]: z.output<typeof typeRow>): ColumnType {
    return {
        ...printedType(printed),
        ...(user ? { user } : {}),
        ...(pseudo ? { unknown: true } : {}),
        ...(schema === null || name === null ? {} : { row: { schema, name } }),
    };
}
