CREATE EXTENSION postgres_fdw;
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE SCHEMA app;
CREATE TYPE app."Status" AS ENUM ('draft', 'live');
ALTER TYPE app."Status" ADD VALUE 'gone' AFTER 'live';
CREATE TYPE mood AS ENUM ('it''s ok', 'a\b');
CREATE DOMAIN app.email AS citext CHECK (VALUE ~ '@');
CREATE DOMAIN cents AS bigint NOT NULL DEFAULT 0;
CREATE TYPE app.address AS (street text, zip varchar(10), mood mood);
CREATE TYPE app.price_range AS RANGE (subtype = numeric);
CREATE SERVER types FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'types-db', dbname 'types', extensions 'citext, hstore,ltree');
CREATE USER MAPPING FOR CURRENT_USER SERVER types OPTIONS (user 'types', password 'types');
CREATE FOREIGN TABLE app.everything (
    id serial,
    big int8, small int2, r float4, d float8, ok bool, n numeric, n5 numeric(5), n52 decimal(5,2),
    c char, c5 character(5), vc varchar, vc5 character varying(5), "single" "char", nm name,
    ts timestamp, tsp timestamp(3) with time zone, t time, ttz timetz(2), i interval day to second, d8 date,
    b bit(3), vb bit varying(5), u uuid, j json, jb jsonb, x xml, ip inet, net cidr, mac macaddr, m money,
    ints int[], grid text[][], fixed integer[3], tsv tsvector, r1 int4range, mr tstzmultirange, by bytea, p point, o oid,
    status app."Status", statuses app."Status"[], mood mood, email app.email, cents cents, home app.address,
    prices app.price_range, h hstore, path ltree, nick citext, "Über" text, gen integer GENERATED ALWAYS AS (1) STORED
) SERVER types OPTIONS (schema_name 'app');
CREATE MATERIALIZED VIEW app.snapshot AS SELECT * FROM app.everything WHERE status = 'live' AND nick = 'x' AND ints @> '{1}';
