-- expect: runs
-- upstreams: farms.internal:5432/farms
-- columns: public.scores.points numeric, public.farms.id uuid, raw.milk_prices.price numeric
CREATE EXTENSION postgres_fdw;
CREATE SCHEMA remote;
CREATE SERVER farms FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'farms.internal', dbname 'farms', sslmode 'prefer');
CREATE USER MAPPING IF NOT EXISTS FOR CURRENT_USER SERVER farms OPTIONS (user 'ro', password 'ro');
IMPORT FOREIGN SCHEMA public LIMIT TO (farms, contracts, scores) FROM SERVER farms INTO remote;
IMPORT FOREIGN SCHEMA raw LIMIT TO (milk_prices) FROM SERVER farms INTO remote;
CREATE TABLE farm (id uuid PRIMARY KEY, name text NOT NULL, points numeric(5,2), bound boolean DEFAULT false, ends date, price numeric, at timestamptz);
CREATE FUNCTION fetch_farms() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO farm (id, name, points, bound, ends, price, at)
    SELECT f.id, f.name, coalesce(s.points, 0), c.id IS NOT NULL, c.ends, p.price, now()
    FROM remote.farms f
    LEFT JOIN remote.contracts c ON c.farm_id = f.id AND c.valid
    LEFT JOIN LATERAL (SELECT points FROM remote.scores s WHERE s.farm_id = f.id ORDER BY s.taken_at DESC LIMIT 1) s ON true
    LEFT JOIN remote.milk_prices p ON p.farm_id = f.id AND p.day = current_date
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, points = excluded.points, bound = excluded.bound,
        ends = excluded.ends, price = excluded.price, at = now();
END $$;
SELECT fetch_farms();
