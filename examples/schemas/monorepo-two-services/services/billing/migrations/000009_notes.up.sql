COMMENT ON TABLE billing.invoices IS 'one for each order; see 000010';
