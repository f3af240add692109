CREATE SCHEMA billing;
CREATE TABLE billing.invoices (id uuid PRIMARY KEY, paid_at timestamptz, amount numeric(10,2));
