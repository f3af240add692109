CREATE EXTENSION postgres_fdw;
CREATE SERVER cluster FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host 'pg-a,pg-b,pg-c', port '5432,5433,5434', dbname 'app', target_session_attrs 'read-write', sslmode 'prefer');
CREATE USER MAPPING FOR PUBLIC SERVER cluster OPTIONS (user 'app', password 'app');
CREATE FOREIGN TABLE things (id bigint, label text) SERVER cluster;
INSERT INTO things (id, label) VALUES (1, 'one');
UPDATE things SET label = 'uno' WHERE id = 1;
CREATE TABLE copy_of_things AS TABLE things;
DELETE FROM things;
TRUNCATE things;
