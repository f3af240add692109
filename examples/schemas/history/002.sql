DROP MATERIALIZED VIEW pages;
ALTER SERVER up OPTIONS (SET host 'new-host', ADD port '5544');
ALTER USER MAPPING FOR CURRENT_USER SERVER up OPTIONS (SET user 'second', SET password 'second');
ALTER FOREIGN TABLE visits ALTER COLUMN id TYPE bigint, DROP COLUMN referer, ADD COLUMN visited_at timestamptz;
ALTER FOREIGN TABLE visits RENAME COLUMN page TO path;
CREATE MATERIALIZED VIEW pages AS SELECT path, count(*) AS visits, max(visited_at) AS last FROM visits GROUP BY path;
