CREATE EXTENSION postgres_fdw;
CREATE SCHEMA ext;
CREATE SERVER hub FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'hub', dbname 'hub');
CREATE USER MAPPING FOR CURRENT_USER SERVER hub OPTIONS (user 'hub', password 'hub');
IMPORT FOREIGN SCHEMA hub LIMIT TO (jobs, workers, events) FROM SERVER hub INTO ext;

CREATE TABLE log (id bigint, worker text, at timestamptz);

CREATE FUNCTION jobs_of(p_worker text) RETURNS TABLE (id bigint, started timestamptz, cost numeric)
LANGUAGE sql STABLE AS $$
    SELECT j.id, j.started_at, j.cost FROM ext.jobs j WHERE j.worker = p_worker ORDER BY j.priority DESC
$$;

CREATE FUNCTION sync() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    rec record;
    n integer := 0;
    w ext.workers%ROWTYPE;
BEGIN
    FOR rec IN SELECT * FROM ext.events WHERE handled IS FALSE LOOP
        INSERT INTO log (id, worker, at) VALUES (rec.id, rec.worker_name, rec.created_at);
        UPDATE ext.events SET handled = true WHERE id = rec.id;
        n := n + 1;
    END LOOP;
    SELECT * INTO w FROM ext.workers WHERE capacity > n LIMIT 1;
    PERFORM jobs_of(w.name);
    RETURN n;
END
$$;

CREATE FUNCTION newest() RETURNS bigint BEGIN ATOMIC
    SELECT max(j.id) FROM ext.jobs j;
END;

CREATE FUNCTION on_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (id, worker, at) VALUES (NEW.id, NEW.worker, now());
    RETURN NEW;
END
$$;
CREATE TRIGGER on_job AFTER INSERT ON ext.jobs FOR EACH ROW EXECUTE FUNCTION on_job();

SELECT sync();
SELECT * FROM jobs_of('w1');
SELECT newest();
