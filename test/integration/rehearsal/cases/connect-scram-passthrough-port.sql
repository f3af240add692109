-- expect: runs
-- upstreams: olap.internal:6543/olap
CREATE EXTENSION postgres_fdw;
CREATE SERVER olap FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'olap.internal', port '6543', dbname 'olap', use_scram_passthrough 'true', keep_connections 'on', async_capable 'true');
CREATE USER MAPPING FOR CURRENT_USER SERVER olap;
CREATE FOREIGN TABLE cubes (id int) SERVER olap;
CREATE MATERIALIZED VIEW cube_count AS SELECT count(*) AS n FROM cubes;
