-- migrate:up transaction:false
create materialized view admins as select id, email from auth_users where email = 'root@example.com' with data;

-- migrate:down
drop materialized view admins;
