CREATE SERVER gone FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'gone', dbname 'gone');
