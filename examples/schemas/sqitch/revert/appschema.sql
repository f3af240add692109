DROP SCHEMA ledger;
