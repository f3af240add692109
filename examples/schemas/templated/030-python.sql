CREATE SERVER billing FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %(billing_host)s, dbname 'billing');
CREATE USER MAPPING FOR CURRENT_USER SERVER billing OPTIONS (user 'billing', password %(billing_password)s);
