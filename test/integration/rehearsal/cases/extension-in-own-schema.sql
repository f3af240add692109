-- expect: runs
-- upstreams: library.internal:5432/library
CREATE SCHEMA tools;
CREATE EXTENSION pg_trgm WITH SCHEMA tools;
CREATE EXTENSION postgres_fdw WITH SCHEMA tools;
CREATE SERVER library FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host 'library.internal', dbname 'library', extensions 'pg_trgm', use_remote_estimate 'true');
CREATE USER MAPPING FOR PUBLIC SERVER library OPTIONS (user 'guest', password 'guest');
CREATE FOREIGN TABLE books (id bigint, title text) SERVER library;
CREATE MATERIALIZED VIEW like_moby AS SELECT id, title FROM books WHERE tools.similarity(title, 'Moby Dick') > 0.4;
SELECT * FROM books WHERE title OPERATOR(tools.%) 'Moby Dick';
