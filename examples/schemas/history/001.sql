CREATE EXTENSION postgres_fdw;
CREATE SERVER up FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'old-host', dbname 'up');
CREATE USER MAPPING FOR CURRENT_USER SERVER up OPTIONS (user 'first', password 'first');
CREATE FOREIGN TABLE visits (id integer, page text, referer text) SERVER up;
CREATE MATERIALIZED VIEW pages AS SELECT page, count(id) AS visits FROM visits WHERE referer IS NOT NULL GROUP BY page;
