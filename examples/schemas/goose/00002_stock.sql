-- +goose NO TRANSACTION
-- +goose Up
CREATE FOREIGN TABLE stock (item_id bigint, warehouse char(3), available integer) SERVER inventory OPTIONS (schema_name 'inv');
INSERT INTO items (id) SELECT DISTINCT item_id FROM stock WHERE available > 0 AND warehouse = 'BER';
-- +goose Down
DROP FOREIGN TABLE stock;
