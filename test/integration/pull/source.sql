-- An upstream that has a bit of everything. What the schema of the test uses is in `shop`; `private` is nobody's business.
CREATE ROLE reader LOGIN PASSWORD 'reader-secret';
CREATE ROLE shop_team NOLOGIN;
GRANT shop_team TO reader;
CREATE ROLE puller LOGIN PASSWORD 'it''s \ a "secret" ';

CREATE SCHEMA shop;
CREATE SCHEMA types;
CREATE SCHEMA ext;
CREATE SCHEMA private;
CREATE EXTENSION citext WITH SCHEMA ext;
CREATE EXTENSION pg_trgm WITH SCHEMA ext;
CREATE EXTENSION postgres_fdw;

CREATE TYPE types.status AS ENUM ('new', 'it''s done', 'Älter');
CREATE DOMAIN types.cents AS bigint DEFAULT 0 NOT NULL CONSTRAINT positive CHECK (VALUE >= 0);
CREATE TYPE types.address AS (street text, "Zip Code" varchar(10), since date);
CREATE TYPE types.span AS RANGE (subtype = timestamptz);
CREATE TYPE types.unused AS ENUM ('a');
CREATE COLLATION types.german (provider = icu, locale = 'de-DE');

CREATE FUNCTION types.helper(amount bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT amount * 2';
-- Known only from the body of another function.
CREATE FUNCTION types.total(amount bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    result bigint := types.helper(amount);
BEGIN
    -- TOC entry 1 (class 1259 OID 1)
    RETURN result;
END
$$;
CREATE FUNCTION types.never_called() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE types.never_called_either() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE types.product(bigint) (SFUNC = int8mul, STYPE = bigint, INITCOND = '1');
CREATE SEQUENCE shop.numbers START 100 INCREMENT 5;

CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email ext.citext NOT NULL UNIQUE,
    "Full Name" text COLLATE types.german,
    address types.address,
    number bigint DEFAULT nextval('shop.numbers') NOT NULL,
    CONSTRAINT "named, oddly" CHECK (length(email::text) > 3)
);
CREATE TABLE shop."Odd ""Orders""" (
    id serial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES shop.customers ON DELETE CASCADE,
    status types.status DEFAULT 'new' NOT NULL,
    amount types.cents,
    doubled bigint GENERATED ALWAYS AS (types.total(amount)) STORED,
    valid types.span,
    tags text[] DEFAULT '{}' NOT NULL,
    EXCLUDE USING gist (valid WITH &&)
);
CREATE INDEX odd_orders_trgm ON shop."Odd ""Orders""" USING gin ((tags[1]) ext.gin_trgm_ops);
CREATE TABLE shop.events (
    at timestamptz NOT NULL,
    kind text NOT NULL,
    payload jsonb,
    PRIMARY KEY (at, kind)
) PARTITION BY RANGE (at);
CREATE TABLE shop.events_2025 PARTITION OF shop.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE shop.events_rest PARTITION OF shop.events DEFAULT;
CREATE TABLE shop.base (id int PRIMARY KEY, note text);
CREATE TABLE shop.child (extra numeric(12, 2)) INHERITS (shop.base);
CREATE VIEW shop.order_totals AS
    SELECT c.email, o.status, sum(o.doubled) AS total, types.product(o.amount) AS product
    FROM shop.customers c JOIN shop."Odd ""Orders""" o ON o.customer_id = c.id GROUP BY 1, 2;
CREATE MATERIALIZED VIEW shop.daily AS SELECT date_trunc('day', at) AS day, count(*) AS n FROM shop.events GROUP BY 1;
CREATE UNIQUE INDEX daily_day ON shop.daily (day);
CREATE FUNCTION shop.newest(kind text) RETURNS SETOF shop.events LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM shop.events e WHERE e.kind = newest.kind;
END;
CREATE VIEW shop.newest_orders AS SELECT at, payload FROM shop.newest('order');
CREATE TABLE shop.nobody_asks (id int);
INSERT INTO shop.customers (email) VALUES ('row-of-data@example.com');

-- Left out: what a stub does not need, and what may hold secrets.
CREATE FUNCTION shop.on_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER changed BEFORE INSERT ON shop.customers FOR EACH ROW EXECUTE FUNCTION shop.on_change();
ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON shop.customers USING (true);
CREATE RULE quiet AS ON DELETE TO shop.customers DO ALSO NOTHING;
CREATE STATISTICS shop.together ON id, customer_id FROM shop."Odd ""Orders""";
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE SUBSCRIPTION feed CONNECTION 'host=other dbname=x password=subscription-secret' PUBLICATION p
    WITH (connect = false, slot_name = NONE, enabled = false);
CREATE SERVER further FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'further', dbname 'server-option-secret');
CREATE USER MAPPING FOR postgres SERVER further OPTIONS (user 'u', password 'mapping-secret');
CREATE FOREIGN TABLE shop.remote (
    id bigint OPTIONS (column_name 'Id') NOT NULL,
    "SERVER" types.status DEFAULT 'new'
) SERVER further OPTIONS (schema_name 's', table_name 'foreign-option-secret');
CREATE FUNCTION private.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION private.on_ddl();
CREATE TABLE private.secrets (id int, value text);
COMMENT ON TABLE shop.customers IS 'Who buys';

GRANT USAGE ON SCHEMA shop, types, ext TO shop_team;
GRANT SELECT ON shop.customers, shop.events TO shop_team;
GRANT INSERT ON shop.events TO reader;
GRANT SELECT (id, status), UPDATE (status) ON shop."Odd ""Orders""" TO reader;
REVOKE EXECUTE ON FUNCTION types.helper(bigint) FROM PUBLIC;
GRANT USAGE ON SEQUENCE shop.numbers TO reader;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

GRANT USAGE ON SCHEMA shop TO puller;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO puller;
