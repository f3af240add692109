-- Deploy ledger:balances to pg

BEGIN;

DROP MATERIALIZED VIEW ledger.balances;
CREATE MATERIALIZED VIEW ledger.balances AS SELECT account, currency, sum(amount) AS balance FROM ledger.postings GROUP BY account, currency;

COMMIT;
