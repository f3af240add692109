-- expect: runs
-- upstreams: fallback:5432/books
CREATE EXTENSION postgres_fdw;
DO $$
BEGIN
    RAISE EXCEPTION 'the first place is closed';
    CREATE SERVER first FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'first', dbname 'books');
EXCEPTION WHEN OTHERS THEN
    CREATE SERVER fallback FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'fallback', dbname 'books');
END $$;
