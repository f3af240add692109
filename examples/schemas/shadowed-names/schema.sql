CREATE EXTENSION postgres_fdw;
CREATE SERVER eu FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'eu', dbname 'sales');
CREATE SERVER us FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'us', dbname 'sales_us');
CREATE USER MAPPING FOR CURRENT_USER SERVER eu OPTIONS (user 'sales', password 'sales');
CREATE USER MAPPING FOR CURRENT_USER SERVER us OPTIONS (user 'sales', password 'sales');
CREATE SCHEMA eu;
CREATE SCHEMA us;
CREATE SCHEMA both_of_them;
IMPORT FOREIGN SCHEMA public FROM SERVER eu INTO eu;
IMPORT FOREIGN SCHEMA public FROM SERVER us INTO us;
IMPORT FOREIGN SCHEMA public LIMIT TO (refunds) FROM SERVER eu INTO both_of_them;
IMPORT FOREIGN SCHEMA audit EXCEPT (secrets) FROM SERVER us INTO both_of_them;

CREATE VIEW sales AS SELECT 'eu' AS region, s.* FROM eu.sales s UNION ALL SELECT 'us', s.* FROM us.sales s;
CREATE MATERIALIZED VIEW monthly AS
WITH RECURSIVE sales AS (
    SELECT id, amount, sold_at FROM eu.sales WHERE amount > 0.5
), months(m) AS (
    SELECT date '2024-01-01' UNION ALL SELECT (m + interval '1 month')::date FROM months WHERE m < date '2024-12-01'
)
SELECT months.m, count(sales.id) AS n, sum(sales.amount) AS amount
FROM months LEFT JOIN sales ON date_trunc('month', sales.sold_at) = months.m
GROUP BY 1;
CREATE VIEW refunded AS
SELECT r.sale_id, t.at FROM both_of_them.refunds r JOIN both_of_them.trail t ON t.ref = r.sale_id
WHERE (r.sale_id, r.reason) IN (SELECT id, note FROM eu.sales) AND t.at BETWEEN '2024-01-01' AND now();
