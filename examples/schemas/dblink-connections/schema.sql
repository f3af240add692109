-- Copies what an older system kept, over connections that are opened by name, and tells a branch of every new room.
CREATE EXTENSION IF NOT EXISTS dblink;
CREATE TABLE rooms (id uuid PRIMARY KEY, audience text, opened tstzrange);
CREATE TABLE members (id bigint PRIMARY KEY, nick text);

BEGIN;
CREATE SERVER legacy FOREIGN DATA WRAPPER dblink_fdw OPTIONS (host 'legacy-db', dbname 'legacy');
CREATE USER MAPPING FOR CURRENT_USER SERVER legacy OPTIONS (user 'copier', password 'it''s a secret');
SELECT dblink_connect('legacy');
INSERT INTO rooms (id, audience, opened)
SELECT id, audience, tstzrange(opened_at, closed_at)
FROM dblink('legacy', '
    SELECT id, audience, opened_at, closed_at FROM chat.rooms WHERE archived IS FALSE
') AS old(id uuid, audience text, opened_at timestamptz, closed_at timestamptz);
SELECT dblink_disconnect();
DROP SERVER legacy CASCADE;
COMMIT;

SELECT dblink_connect('people', 'host=people-db port=5433 dbname=people user=reader password=reader');
INSERT INTO members SELECT * FROM dblink('people', 'SELECT id, nick FROM members') AS m(id bigint, nick text);
SELECT dblink_exec('people', 'UPDATE members SET copied_at = now() WHERE copies < 1');
SELECT dblink_disconnect('people');

CREATE VIEW nicks AS
SELECT m.nick FROM dblink('host=people-db port=5433 dbname=people user=reader password=reader'::text, 'SELECT nick FROM members'::text) m(nick text);
CREATE TABLE nicks_now AS SELECT * FROM nicks;

CREATE FUNCTION tell_branch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    branch text := 'host=branch-db dbname=branch user=teller ' || 'password=teller';
BEGIN
    PERFORM dblink_exec(branch, format('INSERT INTO public.rooms (id, audience) VALUES (%L, %L)', NEW.id, NEW.audience));
    RETURN NEW;
END $$;
CREATE TRIGGER tell_branch AFTER INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION tell_branch();
INSERT INTO rooms (id, audience) VALUES ('5b0f1c1e-0d3c-4a52-8a3f-0d4a6a8a1c11', 'everybody');
