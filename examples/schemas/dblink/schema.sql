CREATE EXTENSION dblink;
CREATE SERVER geo FOREIGN DATA WRAPPER dblink_fdw OPTIONS (host 'geo-db', dbname 'geo');
CREATE USER MAPPING FOR CURRENT_USER SERVER geo OPTIONS (user 'geo', password 'geo');
CREATE MATERIALIZED VIEW cities AS
SELECT * FROM dblink('geo', 'SELECT id, name, population FROM places.cities WHERE kind = ''city''') AS c(id int, name text, population bigint);
CREATE VIEW rates AS
SELECT r.currency, r.rate FROM dblink('host=rates-db dbname=rates user=rates password=rates', $$SELECT * FROM rates$$) AS r(currency char(3), rate numeric);
SELECT count(*) FROM rates;

CREATE FOREIGN DATA WRAPPER plain_connection VALIDATOR postgresql_fdw_validator;
CREATE SERVER jobs FOREIGN DATA WRAPPER plain_connection OPTIONS (hostaddr '127.0.0.1', dbname 'jobs');
CREATE USER MAPPING FOR CURRENT_USER SERVER jobs OPTIONS (user 'jobs', password 'jobs');
CREATE TABLE done AS SELECT d.id FROM dblink('jobs', 'SELECT j.id FROM jobs j JOIN runs r ON r.job_id = j.id') d(id int);
