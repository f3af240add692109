-- Connects when it is created: without an answer from upstream_db, every Atlas command would fail here.
CREATE MATERIALIZED VIEW event_count AS SELECT count(*) AS events FROM events WITH DATA;
