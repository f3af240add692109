/**
 * Columns of imported tables, known from their use only: what is derived must let PostgreSQL analyse and run the query.
 * Each query has a stub database of its own on one server.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inferUpstreams, memoryFileSystem } from "../../schema";
import { quoteIdent } from "../../upstreams/quote";
import { DEV_DATABASE, DevServer, imageHere, removeServers } from "./inference-server";

/** Local tables that the queries use beside the imported ones, which are all in schema `u`. */
const LOCAL = `
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE l (id integer PRIMARY KEY, code varchar(20), amount numeric(10,2), at timestamptz, day date, ok boolean,
    doc jsonb, tags text[], ref uuid, mood mood, ts timestamp, big bigint, flt double precision, net inet);
CREATE FUNCTION tax(amount numeric, country text) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT amount * 0.2';
CREATE FUNCTION spans(n integer) RETURNS TABLE (a date, b date) LANGUAGE sql AS 'SELECT now()::date, now()::date';
`;

const QUERIES = [
    "SELECT id, name FROM u.a",
    "SELECT count(*) FROM u.a",
    "SELECT * FROM u.a WHERE id = 1",
    "SELECT a.* FROM u.a JOIN l ON l.id = a.l_id",
    "SELECT sum(total), avg(total), min(name), max(created) FROM u.a",
    "SELECT sum(qty * price) AS s FROM u.a",
    "SELECT sum(qty) * 1.19 FROM u.a GROUP BY region HAVING sum(qty) > 10",
    "SELECT round(total, 2), round(avg(score), 1), abs(delta), ceil(x) FROM u.a GROUP BY 1, 3, 4",
    "SELECT upper(name) || '-' || lower(code) FROM u.a",
    "SELECT first || ' ' || last AS full_name FROM u.a",
    "SELECT date_trunc('day', created_at) AS d, count(*) FROM u.a GROUP BY 1 ORDER BY 1",
    "SELECT extract(year FROM created_at), to_char(created_at, 'YYYY-MM') FROM u.a",
    "SELECT created_at AT TIME ZONE 'utc' FROM u.a",
    "SELECT * FROM u.a WHERE created_at > now() - interval '7 days'",
    "SELECT * FROM u.a WHERE created_at BETWEEN '2024-01-01' AND now()",
    "SELECT now() - created_at AS age, age(updated_at) FROM u.a",
    "SELECT created_at + interval '1 hour' FROM u.a",
    "SELECT current_date - due FROM u.a",
    "SELECT id FROM u.a WHERE is_active AND NOT deleted OR flag IS TRUE",
    "SELECT CASE WHEN active THEN 'y' ELSE 'n' END FROM u.a",
    "SELECT CASE status WHEN 1 THEN 'a' WHEN 2 THEN 'b' END FROM u.a",
    "SELECT coalesce(total, 0) + coalesce(tax, 0.0) FROM u.a",
    "SELECT coalesce(nick, name, 'x') FROM u.a",
    "SELECT nullif(qty, 0), greatest(v1, v2), least(p, 1) FROM u.a",
    "SELECT id FROM u.a WHERE kind IN ('x', 'y') AND level IN (1, 2)",
    "SELECT id FROM u.a WHERE id = ANY (ARRAY[1, 2, 3])",
    "SELECT id FROM u.a WHERE 'x' = ANY (labels)",
    "SELECT unnest(labels) FROM u.a",
    "SELECT array_length(labels, 1), labels[1], array_to_string(labels, ',') FROM u.a",
    "SELECT labels && ARRAY['a'], labels || 'b'::text FROM u.a WHERE labels @> '{a}'",
    "SELECT payload->>'a', (payload->'b')->>'c', payload #>> '{d,e}' FROM u.a WHERE payload @> '{\"x\": 1}' AND payload ? 'k'",
    "SELECT e.value->>'id' FROM u.a, jsonb_array_elements(a.items) AS e(value)",
    "SELECT jsonb_build_object('id', id, 'n', name), to_jsonb(a) FROM u.a a",
    "SELECT json_agg(a) FROM u.a",
    "SELECT row_to_json(x) FROM (SELECT id, name FROM u.a) x",
    "SELECT name FROM u.a WHERE name LIKE 'x%' OR name ~* '^y' OR name ILIKE '%z'",
    "SELECT l.id FROM l JOIN u.a ON a.l_id = l.id AND a.code = l.code AND a.ref = l.ref",
    "SELECT l.id FROM l LEFT JOIN u.a USING (id)",
    "SELECT a.id, b.id AS b_id FROM u.a JOIN u.b ON b.a_id = a.id JOIN l ON l.big = a.id",
    "SELECT a.id FROM u.a WHERE EXISTS (SELECT 1 FROM u.b WHERE b.a_id = a.id AND b.qty > 5)",
    "SELECT a.id FROM u.a WHERE a.id IN (SELECT a_id FROM u.b) AND a.day = (SELECT max(day) FROM l)",
    "SELECT a.id FROM u.a WHERE (a.x, a.y) IN (SELECT id, code FROM l)",
    "SELECT (SELECT count(*) FROM u.b WHERE b.a_id = a.id) AS n FROM u.a",
    "SELECT a.id, x.n FROM u.a CROSS JOIN LATERAL (SELECT count(*) AS n FROM u.b WHERE b.a_id = a.id) x",
    "WITH t AS (SELECT id, total FROM u.a) SELECT sum(total) FROM t",
    "WITH t AS (SELECT * FROM u.a) SELECT sum(total), max(at) FROM t WHERE region = 'x'",
    "WITH RECURSIVE t AS (SELECT id, parent_id, 1 AS depth FROM u.a WHERE parent_id IS NULL UNION ALL SELECT a.id, a.parent_id, t.depth + 1 FROM u.a JOIN t ON t.id = a.parent_id) SELECT * FROM t",
    "SELECT id, amount FROM l UNION ALL SELECT id, amount FROM u.a",
    "SELECT id, at FROM u.a UNION SELECT id, at FROM u.b UNION SELECT id, at FROM l",
    "SELECT * FROM u.a UNION ALL SELECT * FROM u.b",
    "SELECT x.total FROM (SELECT * FROM u.a UNION ALL SELECT * FROM u.b) x WHERE x.total > 1.5",
    "SELECT row_number() OVER (PARTITION BY k ORDER BY created_at DESC), lag(total) OVER w, sum(total) OVER w FROM u.a WINDOW w AS (ORDER BY created_at)",
    "SELECT DISTINCT ON (k) k, v FROM u.a ORDER BY k, ts DESC NULLS LAST",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms::float) FROM u.a",
    "SELECT string_agg(name, ', ' ORDER BY name), array_agg(DISTINCT id), bool_or(ok) FROM u.a",
    "SELECT count(*) FILTER (WHERE status = 'done') FROM u.a",
    "SELECT k, count(DISTINCT v) FROM u.a GROUP BY ROLLUP (k)",
    "SELECT tax(a.amount, a.country) FROM u.a",
    "SELECT s.a FROM u.a CROSS JOIN LATERAL spans(a.n) s WHERE s.a > a.since",
    "SELECT id FROM u.a WHERE mood = 'good'::mood",
    "SELECT id::bigint, total::numeric(10,2), flag::boolean, at::date, name::text, ref::uuid FROM u.a",
    "SELECT total::int / 100, -total, total % 7, total ^ 2 FROM u.a",
    "SELECT to_date(d, 'YYYYMMDD'), to_timestamp(epoch), to_number(n, '999') FROM u.a WHERE epoch > 1000000",
    "SELECT md5(name), length(name), substr(name, 1, 3), substring(name from 2), position('x' in name), trim(name), split_part(name, ' ', 1), left(name, 2), replace(name, 'a', 'b') FROM u.a",
    "SELECT regexp_replace(phone, '[^0-9]', '', 'g') FROM u.a",
    "SELECT host(ip) FROM u.a",
    "SELECT a.net = l.net FROM u.a, l",
    "SELECT generate_series(1, a.n) FROM u.a",
    "SELECT d FROM u.a, generate_series(a.from_day, a.to_day, interval '1 day') d",
    'SELECT id FROM u.a WHERE (a.total > 10 AND a.total < 20.5) IS NOT FALSE ORDER BY lower(name) COLLATE "C" LIMIT 10',
    "SELECT l.amount * a.rate, l.at - a.at, a.at > l.ts FROM l, u.a",
    "SELECT l.day + a.days, a.started + a.took FROM l, u.a WHERE a.took > interval '1 s' AND a.started < l.at",
    "SELECT (a).id, a.name FROM u.a a WHERE a IS NOT NULL",
    "SELECT t.* FROM u.a AS t (x, y) WHERE true",
    "SELECT l.* FROM l NATURAL JOIN (SELECT id, extra FROM u.a) q",
    "SELECT CASE WHEN count(*) = 0 THEN 0 ELSE sum(hits)::float / count(*) END FROM u.a",
    "SELECT width_bucket(score, 0, 100, 10), sqrt(score), power(score, 2) FROM u.a",
    "SELECT id FROM u.a WHERE doc @@ to_tsquery('x')",
    "SELECT sum(CASE WHEN kind = 'x' THEN amount ELSE 0 END) AS x, sum(CASE WHEN ok THEN 1 ELSE 0 END) FROM u.a",
    "SELECT CASE WHEN a.total IS NULL THEN l.amount ELSE a.total END FROM u.a, l",
    "SELECT a.at::date AS day, date_part('hour', a.at) FROM u.a GROUP BY 1, 2",
    "VALUES (1, (SELECT max(id) FROM u.a))",
    "SELECT bit_and(mask), mask & 4 FROM u.a GROUP BY mask",
    "SELECT ARRAY(SELECT id FROM u.a ORDER BY rank), ARRAY[a.x, 1] FROM u.a",
    "SELECT xmlelement(name x, a.body) FROM u.a",
];

let image: string | undefined;
let server: DevServer | undefined;
const schema = (query: string, index: number) => `
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER s${index} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'up', dbname 'up${index}');
CREATE USER MAPPING FOR CURRENT_USER SERVER s${index} OPTIONS (user 'u', password 'p');
${LOCAL}
CREATE SCHEMA u;
IMPORT FOREIGN SCHEMA public FROM SERVER s${index} INTO u;
${query};
CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM (${query}) AS q;
`;

const infer = (query: string, index: number) =>
    inferUpstreams({ paths: ["s.sql"], fileSystem: memoryFileSystem({ "s.sql": schema(query, index) }) });

beforeAll(async () => {
    image = await imageHere();
    if (image !== undefined) {
        const all = await Promise.all(QUERIES.map(infer));
        const [first] = all;
        if (first !== undefined) {
            server = await DevServer.start(image, { ...first, upstreams: all.flatMap(({ upstreams }) => upstreams) });
        }
    }
});

afterAll(removeServers);

describe("queries over imported tables", () => {
    test.for(QUERIES.map((query, index) => [query, index] as const))("%s", async ([query, index], { skip }) => {
        if (server === undefined) {
            return skip("no image of PostgreSQL 18 is here");
        }
        const database = `dev${index}`;
        const admin = await server.connect(DEV_DATABASE);
        await admin.query(`CREATE DATABASE ${quoteIdent(database)}`);
        await admin.end();
        const inference = await infer(query, index);
        expect(inference.findings.filter(({ severity }) => severity === "error")).toEqual([]);
        await server.run(inference, database);
    });
});
