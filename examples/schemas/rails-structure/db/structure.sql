SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;

CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS postgres_fdw WITH SCHEMA public;

CREATE SERVER primary_replica FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'store_production', host 'replica.internal');
CREATE USER MAPPING FOR PUBLIC SERVER primary_replica OPTIONS (password 'deploy', "user" 'deploy');

CREATE FOREIGN TABLE public.remote_products (
    id bigint NOT NULL,
    name character varying,
    properties public.hstore,
    tags character varying[] DEFAULT '{}'::character varying[],
    price numeric(8,2),
    created_at timestamp(6) without time zone NOT NULL
)
SERVER primary_replica
OPTIONS (schema_name 'public', table_name 'products');

CREATE TABLE public.schema_migrations (version character varying NOT NULL);
CREATE TABLE public.ar_internal_metadata (key character varying NOT NULL, value character varying);
ALTER TABLE ONLY public.schema_migrations ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

CREATE MATERIALIZED VIEW public.product_searches AS
 SELECT remote_products.id, to_tsvector('english'::regconfig, (remote_products.name)::text) AS document
   FROM public.remote_products
  WITH DATA;

SET search_path TO "$user", public;

INSERT INTO "schema_migrations" (version) VALUES
('20230101000000'),
('20230202000000');
