-- Deploy ledger:balances to pg

BEGIN;

CREATE MATERIALIZED VIEW ledger.balances AS SELECT account, sum(amount) AS balance FROM ledger.postings GROUP BY account;

COMMIT;
