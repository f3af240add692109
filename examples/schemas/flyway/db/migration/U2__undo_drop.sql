CREATE FOREIGN TABLE legacy_customers (nothing text) SERVER legacy;
