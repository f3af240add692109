CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SCHEMA IF NOT EXISTS ${flyway:defaultSchema};
CREATE SERVER legacy FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host '${legacy_host}', port '${legacy_port}', dbname 'legacy');
CREATE USER MAPPING FOR CURRENT_USER SERVER legacy OPTIONS (user 'migration', password '${legacy_password}');
