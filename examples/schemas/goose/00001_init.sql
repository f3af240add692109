-- +goose Up
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER IF NOT EXISTS inventory FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'inventory', dbname 'inventory');
CREATE USER MAPPING IF NOT EXISTS FOR CURRENT_USER SERVER inventory OPTIONS (user 'inv', password 'inv');

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$
-- +goose StatementEnd

CREATE TABLE items (id bigint PRIMARY KEY, updated_at timestamptz);
CREATE TRIGGER touch BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch();

-- +goose Down
DROP TABLE items;
DROP SERVER inventory CASCADE;
