--liquibase formatted sql

--changeset ben:1 dbms:postgresql,h2
--preconditions onFail:MARK_RAN
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_foreign_server
CREATE USER MAPPING FOR CURRENT_USER SERVER catalogue OPTIONS (user 'shop', password 'shop');
IMPORT FOREIGN SCHEMA public LIMIT TO (products) FROM SERVER catalogue INTO public;

--changeset ben:2
CREATE MATERIALIZED VIEW cheap AS SELECT sku, price::numeric(8,2) AS price FROM products WHERE price < 10 AND active;
/* liquibase rollback
DROP MATERIALIZED VIEW cheap;
*/
