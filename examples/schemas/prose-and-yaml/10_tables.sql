-- CREATE SERVER commented FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'commented');
/* CREATE FOREIGN TABLE commented (id int) SERVER commented;
   /* nested */ CREATE SERVER also_commented FOREIGN DATA WRAPPER postgres_fdw; */
CREATE FOREIGN TABLE remote (id int, note text DEFAULT ';--') SERVER real;
CREAT TABEL oops (id int);
CREATE TABLE notes (text text DEFAULT $$CREATE SERVER quoted FOREIGN DATA WRAPPER postgres_fdw$$);
BEGIN;
CREATE SERVER undone FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'undone', dbname 'undone');
ROLLBACK;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM remote;
