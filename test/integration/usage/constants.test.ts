/** Texts put together of constants, as dblink's queries and EXECUTE are. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { Catalog } from "../../../schema/usage/catalog";
import { onlyTarget, type PartlyKnown, partlyConstant } from "../../../schema/usage/constants";
import { loadParser } from "../../../upstreams/parser";
import { imageHere } from "../support/image";
import { type PlainServer, startPlainServer } from "./server";
import { rowsOf } from "./session";

let server: PlainServer;

beforeAll(async () => {
    await loadParser();
    server = await startPlainServer(await imageHere());
    await server.client.query("CREATE FUNCTION mine() RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'a'$$");
});

afterAll(() => server.stop());

const VALUES = new Map([
    ["v", "x y"],
    ["$1", "1"],
]);

/** What is known when all that was asked for is loaded. */
async function known(expression: string): Promise<PartlyKnown | undefined> {
    const catalog = new Catalog((sql) => rowsOf(server.client, sql));
    const evaluate = (sql: string, functions: readonly string[]) => {
        const reply = catalog.probe({ sql, path: ["pg_catalog", "public"], functions });
        return reply !== undefined && "value" in reply ? reply.value : undefined;
    };
    let found: PartlyKnown | undefined;
    do {
        found = partlyConstant(onlyTarget(expression), { values: VALUES, evaluate });
    } while (await catalog.load());
    return found;
}

test.each<[string, string | undefined, boolean]>([
    ["'a' || 1 || v", "a1x y", true],
    ["format('%s %I %L %%', v, v, 'it''s')", `x y "x y" 'it''s' %`, true],
    ["format('%2$s|%1$3s|%-3s|', 'a', 'b')", "b|  a|b  |", true],
    ["concat('a', NULL, $1)", "a1", true],
    ["concat_ws(',', 'a', NULL, 'b')", "a,b", true],
    ["coalesce(NULL, 'a')", "a", true],
    ["'dbname=' || current_database() || ' user=' || current_user", "dbname=postgres user=postgres", true],
    ["quote_literal('it''s') || quote_ident('A') || quote_nullable(NULL)", `'it''s'"A"NULL`, true],
    ["upper(btrim(' a ')) || lower('B') || replace('aba', 'a', 'c') || chr(65)", "AbcbcA", true],
    ["CASE WHEN length(v) > 2 THEN rpad('a', 3, '-') END", "a--", true],
    ["'a'::text", "a", true],
    ["'a = ' || n", "a =  NULL ", false],
    ["format('a = %L, b = %s', n, n)", "a = NULL, b =  NULL ", false],
    ["format('%I', n)", undefined, false],
    ["n || m", undefined, false],
    ["substr('a', n)", undefined, false],
    ["(SELECT 'a')", undefined, false],
    ["random()::text", undefined, false],
    ["mine()", undefined, false],
])("%s", async (expression, text, whole) => {
    expect(await known(expression)).toEqual(text === undefined ? undefined : { text, whole });
});
