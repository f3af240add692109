CREATE EXTENSION postgres_fdw;
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE log_lines (line text) SERVER files OPTIONS (filename '/var/log/app.log', format 'csv');

CREATE FOREIGN DATA WRAPPER company_fdw HANDLER postgres_fdw_handler VALIDATOR postgres_fdw_validator;
CREATE SERVER hr FOREIGN DATA WRAPPER company_fdw OPTIONS (host 'hr-db', dbname 'hr');
CREATE USER MAPPING FOR CURRENT_USER SERVER hr OPTIONS (user 'hr', password 'hr');
CREATE FOREIGN TABLE people (id int, name text) SERVER hr OPTIONS (schema_name 'hr', table_name 'people');
CREATE MATERIALIZED VIEW names AS SELECT DISTINCT name FROM people;
