-- Two databases on one server that read each other.
CREATE ROLE fdw_user LOGIN PASSWORD 'fdw';
CREATE DATABASE shop;
CREATE DATABASE stats;

\c shop
CREATE EXTENSION postgres_fdw;
CREATE TYPE state AS ENUM ('new', 'paid');
CREATE TABLE orders (id serial PRIMARY KEY, state state NOT NULL DEFAULT 'new', total numeric(10,2));
CREATE SERVER stats FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'localhost', dbname 'stats');
CREATE USER MAPPING FOR CURRENT_USER SERVER stats OPTIONS (user 'fdw_user', password 'fdw');
CREATE SCHEMA stats;

\c stats
CREATE EXTENSION postgres_fdw;
CREATE TABLE days (day date PRIMARY KEY, holiday boolean);
CREATE TABLE sales (day date REFERENCES days, amount numeric(12,2));
CREATE VIEW daily AS SELECT d.day, d.holiday, sum(s.amount) AS revenue FROM days d JOIN sales s USING (day) GROUP BY 1, 2;
GRANT SELECT ON daily TO fdw_user;
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'shop');
CREATE USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (user 'fdw_user', password 'fdw');
CREATE FOREIGN TABLE orders (id integer, total numeric(10,2)) SERVER shop;

\c shop
IMPORT FOREIGN SCHEMA public FROM SERVER stats INTO stats;
CREATE VIEW best_days AS SELECT * FROM stats.daily ORDER BY revenue DESC LIMIT 10;
CREATE MATERIALIZED VIEW revenue AS SELECT day, revenue FROM stats.daily WHERE NOT holiday AND revenue > 100;
