/** How types are printed, and how they relate. */

import { expect, test } from "vitest";
import { printedType } from "../../../schema/types";

test.each<[string, string, string, boolean]>([
    ["character varying(9)", "varchar(9)", "varchar", false],
    ["timestamp(3) without time zone", "timestamp(3)", "timestamp", false],
    ["timestamp with time zone[]", "timestamptz[]", "timestamptz", true],
    ["time(2) with time zone", "timetz(2)", "timetz", false],
    ["double precision", "double precision", "double precision", false],
    ["numeric(10,2)[]", "numeric(10,2)[]", "numeric", true],
    ["character(3)", "char(3)", "char", false],
    ["bpchar", "bpchar", "bpchar", false],
    ['"char"', '"char"', '"char"', false],
    ["bit varying(4)", "varbit(4)", "varbit", false],
    ["interval day to second", "interval day to second", "interval day to second", false],
    ["public.geometry(Point,4326)", "public.geometry(Point,4326)", "public.geometry", false],
    ['"My Schema"."My (Type)"[]', '"My Schema"."My (Type)"[]', '"My Schema"."My (Type)"', true],
])("%s", (printed, sql, base, array) => {
    expect(printedType(printed)).toEqual({ sql, base, array });
});
