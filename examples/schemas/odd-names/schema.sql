CREATE EXTENSION postgres_fdw;
CREATE SCHEMA schema;
CREATE SERVER "Data-Lake 1" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (HOST 'lake', "dbname" 'Lake DB', PORT '5432');
CREATE USER MAPPING FOR CURRENT_USER SERVER "Data-Lake 1" OPTIONS (USER 'Lake User', "password" 'it''s \ "secret"');
CREATE FOREIGN TABLE schema."Table" ("select" int, "a""b" text OPTIONS (column_name 'x y'), "日本" text)
    SERVER "Data-Lake 1" OPTIONS (SCHEMA_NAME 'Raw Data', table_name 'weird."name"');
CREATE MATERIALIZED VIEW schema."View" AS SELECT "select", "a""b", "日本" FROM schema."Table" WHERE "日本" <> '';
