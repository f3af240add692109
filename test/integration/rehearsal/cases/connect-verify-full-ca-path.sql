-- expect: runs
-- upstreams: hr.xyz789.us-east-1.rds.example.com:5432/hr
CREATE EXTENSION postgres_fdw;
CREATE SERVER hr FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'hr.xyz789.us-east-1.rds.example.com', dbname 'hr', sslmode 'verify-full', sslrootcert '/rdsdbdata/rds-metadata/ca-cert.pem');
CREATE USER MAPPING FOR CURRENT_USER SERVER hr OPTIONS (user 'viewer', password 'v');
CREATE FOREIGN TABLE people (id bigint) SERVER hr;
CREATE MATERIALIZED VIEW people_count AS SELECT count(*) AS n FROM people;
