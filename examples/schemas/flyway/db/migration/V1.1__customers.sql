CREATE FOREIGN TABLE legacy_customers (
    customer_no integer OPTIONS (column_name 'KUNDENNR'),
    name varchar(80) OPTIONS (column_name 'NAME')
) SERVER legacy OPTIONS (schema_name 'dbo', table_name 'KUNDEN');
CREATE TABLE customers AS SELECT customer_no AS id, name FROM legacy_customers;
