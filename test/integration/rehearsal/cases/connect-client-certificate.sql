-- expect: runs
-- upstreams: vault.internal:5432/vault
CREATE EXTENSION postgres_fdw;
CREATE SERVER vault FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'vault.internal', dbname 'vault', sslmode 'verify-full', sslrootcert '/srv/tls/root.pem', sslcert '/srv/tls/client.pem', sslkey '/srv/tls/client.key');
CREATE USER MAPPING FOR CURRENT_USER SERVER vault OPTIONS (user 'loader', password_required 'false');
CREATE FOREIGN TABLE keys (id int) SERVER vault;
CREATE MATERIALIZED VIEW key_count AS SELECT count(*) AS n FROM keys;
