CREATE MATERIALIZED VIEW usage_by_plan AS
SELECT a.plan, sum(u.amount) AS amount FROM accounts a JOIN usage_events u ON u.account_id = a.id WHERE u.amount > 0 GROUP BY a.plan;
