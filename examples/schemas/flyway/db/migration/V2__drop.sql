DROP FOREIGN TABLE legacy_customers;
