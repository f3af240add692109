-- A recorded dump looks like this.
CREATE SCHEMA api;
CREATE DOMAIN api.money_amount AS numeric(12,2) CHECK (VALUE >= 0);
CREATE TABLE api.invoice (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL,
    amount numeric(12,2) NOT NULL,
    due date NOT NULL,
    paid_at timestamp with time zone
);
CREATE TABLE api.audit (at timestamp with time zone, entry jsonb);
CREATE MATERIALIZED VIEW api.open_invoice AS SELECT id, order_id, due FROM api.invoice WHERE paid_at IS NULL;
CREATE INDEX ON api.open_invoice (due);
ALTER TABLE api.invoice OWNER TO billing_owner;
GRANT USAGE ON SCHEMA api TO reporting;
GRANT SELECT ON api.invoice, api.open_invoice TO reporting;
