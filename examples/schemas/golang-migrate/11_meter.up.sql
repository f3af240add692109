DROP MATERIALIZED VIEW usage_by_plan;
ALTER FOREIGN TABLE usage_events RENAME COLUMN amount TO units;
ALTER FOREIGN TABLE usage_events ADD COLUMN meter text;
CREATE MATERIALIZED VIEW usage_by_meter AS SELECT meter, sum(units) AS units FROM usage_events GROUP BY meter;
