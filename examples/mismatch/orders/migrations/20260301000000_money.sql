-- Since March: totals with cents, returns, and coupons in a table of their own.
ALTER TABLE orders ALTER COLUMN total TYPE numeric(12,2);
ALTER TYPE order_status ADD VALUE 'returned';
ALTER TABLE orders DROP COLUMN coupon;
