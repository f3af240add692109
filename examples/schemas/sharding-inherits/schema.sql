-- Sharding before declarative partitioning: children without columns of their own.
CREATE EXTENSION postgres_fdw;
CREATE SERVER archive_2019 FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'archive', dbname 'orders_2019');
CREATE SERVER archive_2020 FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'archive', dbname 'orders_2020');
CREATE USER MAPPING FOR PUBLIC SERVER archive_2019 OPTIONS (user 'archive', password 'archive');
CREATE USER MAPPING FOR PUBLIC SERVER archive_2020 OPTIONS (user 'archive', password 'archive');

CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    customer_id integer NOT NULL,
    total numeric(12,2) NOT NULL DEFAULT 0,
    placed_on date NOT NULL
);
CREATE FOREIGN TABLE orders_2019 () INHERITS (orders) SERVER archive_2019 OPTIONS (table_name 'orders');
CREATE FOREIGN TABLE orders_2020 () INHERITS (orders) SERVER archive_2020 OPTIONS (table_name 'orders');
ALTER FOREIGN TABLE orders_2019 ADD CONSTRAINT in_2019 CHECK (placed_on >= '2019-01-01' AND placed_on < '2020-01-01');
ALTER FOREIGN TABLE orders_2020 ADD CONSTRAINT in_2020 CHECK (placed_on >= '2020-01-01' AND placed_on < '2021-01-01');

ALTER TABLE orders ADD COLUMN channel text;
CREATE MATERIALIZED VIEW revenue AS SELECT placed_on, channel, sum(total) AS total FROM orders GROUP BY 1, 2;
