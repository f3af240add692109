--
-- PostgreSQL database dump
--

\restrict fVQm1Yy2nQ0bq1Jm3

-- Dumped from database version 18.0
-- Dumped by pg_dump version 18.0

SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA warehouse;
ALTER SCHEMA warehouse OWNER TO warehouse_owner;

CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
COMMENT ON EXTENSION citext IS 'data type for case-insensitive character strings';
CREATE EXTENSION IF NOT EXISTS postgres_fdw WITH SCHEMA public;

CREATE TYPE warehouse.movement_kind AS ENUM (
    'in',
    'out',
    'correction'
);
ALTER TYPE warehouse.movement_kind OWNER TO warehouse_owner;

CREATE FUNCTION warehouse.stock_of(p_sku text) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$
    SELECT sum(CASE kind WHEN 'out' THEN -quantity ELSE quantity END) FROM warehouse.movements WHERE sku = p_sku;
$$;

CREATE SERVER erp FOREIGN DATA WRAPPER postgres_fdw OPTIONS (
    dbname 'erp',
    host 'erp-db.internal',
    port '5432'
);
ALTER SERVER erp OWNER TO postgres;

CREATE USER MAPPING FOR postgres SERVER erp OPTIONS (
    password 'erp',
    "user" 'erp_reader'
);
CREATE USER MAPPING FOR warehouse_owner SERVER erp OPTIONS (
    password 'erp',
    "user" 'erp_reader'
);

SET default_tablespace = '';
SET default_table_access_method = heap;

CREATE FOREIGN TABLE warehouse.movements (
    id bigint NOT NULL,
    sku public.citext,
    kind warehouse.movement_kind NOT NULL,
    quantity integer,
    attributes jsonb DEFAULT '{}'::jsonb
)
SERVER erp
OPTIONS (
    schema_name 'stock',
    table_name 'movements'
);
ALTER FOREIGN TABLE ONLY warehouse.movements ALTER COLUMN id OPTIONS (
    column_name 'movement_id'
);
ALTER FOREIGN TABLE warehouse.movements OWNER TO warehouse_owner;

CREATE TABLE warehouse.shelves (
    id integer NOT NULL,
    label text
);
ALTER TABLE warehouse.shelves OWNER TO warehouse_owner;

CREATE MATERIALIZED VIEW warehouse.stock AS
 SELECT sku,
    sum(quantity) AS quantity
   FROM warehouse.movements
  GROUP BY sku
  WITH NO DATA;
ALTER MATERIALIZED VIEW warehouse.stock OWNER TO warehouse_owner;

COPY warehouse.shelves (id, label) FROM stdin;
1	left; 'unfinished
2	\N
\.

ALTER TABLE ONLY warehouse.shelves
    ADD CONSTRAINT shelves_pkey PRIMARY KEY (id);

REVOKE USAGE ON SCHEMA warehouse FROM PUBLIC;
GRANT USAGE ON SCHEMA warehouse TO dashboard;
GRANT SELECT ON TABLE warehouse.movements TO dashboard;

REFRESH MATERIALIZED VIEW warehouse.stock;

--
-- PostgreSQL database dump complete
--

\unrestrict fVQm1Yy2nQ0bq1Jm3
