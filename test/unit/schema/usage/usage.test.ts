/** Columns of imported tables: names certainly, types from what stands around them. */

import { beforeAll, describe, expect, test } from "vitest";
import type { ObservedImport } from "../../../../schema/usage/imports";
import { loadParser } from "../../../../upstreams/parser";
import { BODIES, USES } from "./cases";
import { PlainCatalog, readPlain, routine, table } from "./plain";
import { usedTables } from "./used";

beforeAll(loadParser);

/** The overloads that the cases need, as pg_proc has them. */
const FUNCTIONS = `
upper(text) text
upper(anyrange) anyelement
lower(text) text
lower(anyrange) anyelement
max(timestamptz) timestamptz
now() timestamptz
avg(bigint) numeric
avg(numeric) numeric
avg(interval) interval
sum(integer) bigint
sum(numeric) numeric
sum(interval) interval
extract(text, timestamptz) numeric
extract(text, interval) numeric
date_part(text, timestamptz) double precision
date_part(text, interval) double precision
lag(anyelement) anyelement
lag(anyelement, integer) anyelement
lag(anycompatible, integer, anycompatible) anycompatible
to_timestamp(double precision) timestamptz
to_timestamp(text, text) timestamptz
daterange(date, date) daterange
daterange(date, date, text) daterange
percentile_cont(double precision, double precision) double precision
percentile_cont(double precision, interval) interval
`
    .trim()
    .split("\n")
    .map((line) => routine(`pg_catalog.${line}`));

const ALL: ObservedImport = {
    server: "s",
    remoteSchema: "public",
    localSchema: "u",
    list: "all",
    tables: [],
    file: "schema.sql",
    line: 1,
};

describe("types from use", () => {
    const catalog = new PlainCatalog(
        [table("public.l(id bigint, code varchar(9), amount numeric(10,2), at timestamptz, ok boolean, tags text[])")],
        [...FUNCTIONS, routine("public.f(inet) text")],
    );

    test.each(USES)("%s", (_name, query, columns) => {
        const create = /^(?:INSERT|UPDATE|DELETE|MERGE)/.test(query) ? query : `CREATE VIEW v AS ${query}`;
        expect(usedTables(readPlain(catalog, [ALL], create))).toContain(`public.a(${columns})`);
    });
});

describe("function bodies", () => {
    const catalog = new PlainCatalog([table("public.l(id bigint, at timestamptz)")], FUNCTIONS);

    // A trigger's function is looked up in the catalog, which the plain one lacks.
    test.each(BODIES.filter(([name]) => name !== "a trigger's NEW"))("%s", (_name, sql, columns) => {
        const limited: ObservedImport = { ...ALL, list: "limit", tables: ["a"] };
        expect(usedTables(readPlain(catalog, [limited], sql))).toEqual([`public.a(${columns})`]);
    });
});
