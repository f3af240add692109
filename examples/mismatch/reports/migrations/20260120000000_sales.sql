CREATE MATERIALIZED VIEW sales AS
SELECT date_trunc('month', placed_at) AS month, status, sum(total) AS total, count(coupon) AS coupons
FROM orders
GROUP BY 1, 2;
