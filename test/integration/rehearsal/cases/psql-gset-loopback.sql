-- expect: runs
-- upstreams: out.internal:5432/out
CREATE EXTENSION postgres_fdw;
SELECT current_database() AS name, current_setting('port') AS at \gset
CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname :'name', port :'at');
CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'out.internal', dbname 'out');
CREATE USER MAPPING FOR CURRENT_USER SERVER here;
CREATE USER MAPPING FOR CURRENT_USER SERVER away OPTIONS (user 'u', password 'p');
CREATE SCHEMA "Main Hall";
CREATE TABLE "Main Hall"."Seat Plan" ("No 1" int PRIMARY KEY, taken text);
CREATE FOREIGN TABLE seats (gone int, no int NOT NULL, taken text) SERVER here;
ALTER FOREIGN TABLE seats DROP COLUMN gone;
ALTER FOREIGN TABLE seats OPTIONS (schema_name 'Main Hall', table_name 'Seat Plan');
ALTER FOREIGN TABLE seats ALTER COLUMN no OPTIONS (column_name 'No 1');
CREATE FOREIGN TABLE guests (id int) SERVER away OPTIONS (schema_name 'public');
INSERT INTO seats VALUES (1, 'yes') RETURNING *;
CREATE MATERIALIZED VIEW seated AS SELECT s.no, g.id FROM seats s LEFT JOIN guests g ON g.id = s.no;
