-- Everything is imported, one schema after the other into one, and the views tell what is used of it.
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
DROP SERVER IF EXISTS shop CASCADE;
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'shop-db', dbname 'shop');
CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user 'analyst', password 'analyst');
DROP SCHEMA IF EXISTS shop CASCADE;
CREATE SCHEMA shop;

IMPORT FOREIGN SCHEMA sales FROM SERVER shop INTO shop;
CREATE MATERIALIZED VIEW revenue AS
SELECT date_trunc('month', o.ordered_at) AS month, sum(o.total - o.discount) AS net, avg(o.total) AS mean,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY o.total) AS median, sum(o.total)::money AS shown
FROM shop.orders o
WHERE NOT o.cancelled AND o.flags & 4 = 0
GROUP BY 1;

IMPORT FOREIGN SCHEMA support FROM SERVER shop INTO shop;
CREATE MATERIALIZED VIEW answering AS
SELECT t.team, EXTRACT(EPOCH FROM avg(t.answered_at - t.asked_at)) AS seconds,
       count(*) FILTER (WHERE t.solved_at - t.asked_at > interval '1 day') AS slow
FROM shop.tickets t
WHERE t.shift @> CURRENT_DATE
GROUP BY t.team;
CREATE VIEW calendar AS
SELECT d::date AS day, c.name
FROM shop.campaigns c, generate_series(c.starts, c.ends, '1 day') AS d
WHERE to_timestamp(c.published) < now();
CREATE TABLE calendar_now AS SELECT * FROM calendar;

-- Nothing is used of these, but PostgreSQL looks for them.
IMPORT FOREIGN SCHEMA stock FROM SERVER shop INTO shop;
CREATE SCHEMA people;
IMPORT FOREIGN SCHEMA staff EXCEPT (salaries) FROM SERVER shop INTO people;

-- The same remote schema once more, elsewhere: what is known of its tables is known here too.
CREATE SCHEMA audit;
IMPORT FOREIGN SCHEMA sales LIMIT TO (orders) FROM SERVER shop INTO audit;
CREATE VIEW suspicious AS SELECT total FROM audit.orders WHERE total > 999.50;
CREATE TABLE suspicious_now AS SELECT * FROM suspicious;

CREATE FUNCTION latest(team text) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE found timestamptz;
BEGIN
    EXECUTE 'SELECT max(asked_at) FROM shop.tickets WHERE team = ''' || team || ''' AND urgent' INTO found;
    RETURN found;
END $$;
SELECT latest('first');
