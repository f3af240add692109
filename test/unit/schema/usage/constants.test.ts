/** Texts put together of constants, as dblink's queries and EXECUTE are. */

import { beforeAll, expect, test } from "vitest";
import { onlyTarget, partlyConstant } from "../../../../schema/usage/constants";
import { loadParser } from "../../../../upstreams/parser";

beforeAll(loadParser);

const KNOWN = {
    values: new Map([
        ["v", "x y"],
        ["$1", "1"],
    ]),
    session: { database: "dev", user: "me" },
};

test.each<[string, string | undefined, boolean]>([
    ["'a' || 1 || v", "a1x y", true],
    ["format('%s %I %L %%', v, v, 'it''s')", `x y "x y" 'it''s' %`, true],
    ["format('%2$s|%1$3s|%-3s|', 'a', 'b')", "b|  a|b  |", true],
    ["concat('a', NULL, $1)", "a1", true],
    ["concat_ws(',', 'a', NULL, 'b')", "a,b", true],
    ["coalesce(NULL, 'a')", "a", true],
    ["'dbname=' || current_database() || ' user=' || current_user", "dbname=dev user=me", true],
    ["quote_literal('it''s') || quote_ident('A') || quote_nullable(NULL)", `'it''s'"A"NULL`, true],
    ["upper(btrim(' a ')) || lower('B') || replace('aba', 'a', 'c') || chr(65)", "AbcbcA", true],
    ["'a'::text", "a", true],
    ["'a = ' || n", "a =  NULL ", false],
    ["format('a = %L, b = %s', n, n)", "a = NULL, b =  NULL ", false],
    ["format('%I', n)", undefined, false],
    ["n || m", undefined, false],
    ["substr('a', n)", undefined, false],
    ["(SELECT 'a')", undefined, false],
])("%s", (expression, text, whole) => {
    expect(partlyConstant(onlyTarget(expression), KNOWN)).toEqual(text === undefined ? undefined : { text, whole });
});
