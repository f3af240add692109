-- expect: runs
-- upstreams: ep-dark-sea.eu-west-2.example.tech:5432/app
CREATE EXTENSION postgres_fdw;
CREATE SERVER cloud FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'ep-dark-sea.eu-west-2.example.tech', dbname 'app', sslmode 'require', channel_binding 'require');
CREATE USER MAPPING FOR CURRENT_USER SERVER cloud OPTIONS (user 'app_owner', password 'long');
CREATE FOREIGN TABLE visits (id int) SERVER cloud;
CREATE MATERIALIZED VIEW visit_count AS SELECT count(*) AS n FROM visits;
