CREATE SCHEMA orders;
CREATE TABLE orders.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, invoice_id uuid, total numeric(10,2) NOT NULL);
