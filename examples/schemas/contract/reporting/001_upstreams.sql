-- What the reporting service has in production. Nothing in it tells a type: the upstreams do.
CREATE EXTENSION postgres_fdw;

CREATE SERVER orders FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host 'orders-db.internal', dbname 'orders');
CREATE USER MAPPING FOR CURRENT_USER SERVER orders OPTIONS (user 'reporting', password 'reporting');

CREATE SERVER billing FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host 'billing-db.internal', port '6432', dbname 'billing');
CREATE USER MAPPING FOR CURRENT_USER SERVER billing OPTIONS (user 'reporting', password 'reporting');

-- An imported column of this type needs a type of the same name here.
CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped');

CREATE SCHEMA orders;
CREATE SCHEMA billing;
IMPORT FOREIGN SCHEMA public FROM SERVER orders INTO orders;
IMPORT FOREIGN SCHEMA api LIMIT TO (invoice, open_invoice) FROM SERVER billing INTO billing;
