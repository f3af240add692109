-- Same server, other database: by name, by address, by nothing.
create extension if not exists postgres_fdw;
create server a foreign data wrapper postgres_fdw options (host 'localhost', dbname 'alpha');
create server b foreign data wrapper postgres_fdw options (host '127.0.0.1', port '5432', dbname 'beta');
create server c foreign data wrapper postgres_fdw options (dbname 'gamma');
create server d foreign data wrapper postgres_fdw options (host '/var/run/postgresql', dbname 'delta');
create user mapping for current_user server a options (user 'postgres');
create user mapping for current_user server b options (user 'postgres', password 'whatever');
create user mapping for current_user server c;
create user mapping for current_user server d options (password_required 'false');
create foreign table ta (id int) server a;
create foreign table tb (id int) server b;
create foreign table tc (id int) server c;
create foreign table td (id int) server d;
create materialized view all_of_them as select id from ta union select id from tb union select id from tc union select id from td;
