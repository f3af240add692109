CREATE MATERIALIZED VIEW revenue AS
SELECT o.placed_at::date AS day, o.status, sum(i.amount) AS amount
FROM orders.orders o JOIN billing.invoice i ON i.order_id = o.id
GROUP BY 1, 2;

CREATE MATERIALIZED VIEW overdue AS SELECT * FROM billing.open_invoice WHERE due < CURRENT_DATE;
