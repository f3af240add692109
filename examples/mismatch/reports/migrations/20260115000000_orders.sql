CREATE EXTENSION postgres_fdw;
CREATE SERVER orders FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'orders.internal', dbname 'orders');
CREATE USER MAPPING FOR CURRENT_USER SERVER orders OPTIONS (user 'reports', password 'secret');
CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped');
CREATE FOREIGN TABLE orders (
    id bigint NOT NULL,
    customer text NOT NULL,
    status order_status NOT NULL,
    total integer NOT NULL,
    coupon text,
    placed_at timestamp NOT NULL
) SERVER orders;
