-- Everything of the CRM, as it is today; only what the views name is known here.
CREATE EXTENSION IF NOT EXISTS postgres_fdw WITH SCHEMA public;
DROP SERVER IF EXISTS crm CASCADE;
CREATE SERVER crm FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'crm.prod.example.com', dbname 'crm', updatable 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER crm OPTIONS (user 'bi', password 'bi');
DROP SCHEMA IF EXISTS crm CASCADE;
CREATE SCHEMA crm;
IMPORT FOREIGN SCHEMA "public" FROM SERVER crm INTO crm;

CREATE TABLE targets (account_id uuid PRIMARY KEY, goal numeric NOT NULL);

SET search_path = crm, public;
CREATE VIEW public.pipeline AS
WITH open AS (
    SELECT account_id, amount, probability FROM opportunities WHERE closed_at IS NULL AND stage IN ('lead', 'offer')
)
SELECT t.account_id, a.name, t.goal, sum(open.amount * open.probability / 100.0) AS weighted
FROM targets t
JOIN accounts a ON a.id = t.account_id
LEFT JOIN open ON open.account_id = t.account_id
GROUP BY t.account_id, a.name, t.goal;
RESET search_path;

CREATE MATERIALIZED VIEW stale_accounts AS
SELECT a.id, a.owner_id, age(a.last_contact_at) AS since
FROM crm.accounts a
WHERE a.last_contact_at < now() - interval '90 days' AND NOT a.archived AND a.tags && ARRAY['key']::text[];
