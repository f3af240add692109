create extension if not exists postgres_fdw;
create schema if not exists shop;
create server shop_db foreign data wrapper postgres_fdw options (host 'shop-db', port '6432', dbname 'shop');
create user mapping for current_user server shop_db options (user 'reporting', password 'reporting');
import foreign schema public limit to (orders, order_items, customers) from server shop_db into shop;
