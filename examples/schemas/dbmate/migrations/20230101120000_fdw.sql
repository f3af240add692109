-- migrate:up
create extension if not exists postgres_fdw;
create extension if not exists citext;
create server auth_db foreign data wrapper postgres_fdw options (host 'auth', dbname 'auth', extensions 'citext');
create user mapping for current_user server auth_db options (user 'app', password 'app');
create foreign table auth_users (id uuid not null, email citext not null, created_at timestamp(3) without time zone) server auth_db options (schema_name 'auth', table_name 'users');

-- migrate:down
drop server auth_db cascade;
