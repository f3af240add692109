create table regions (id integer primary key, name text not null);

create view order_totals as
select o.id as order_id,
       o.customer_id,
       o.created_at::date as ordered_on,
       sum(i.quantity * i.unit_price) as total
from shop.orders o
join shop.order_items i on i.order_id = o.id
where o.status <> 'cancelled'
group by o.id, o.customer_id, o.created_at;

create materialized view customer_value as
select c.id, lower(c.email) as email, r.name as region, coalesce(sum(t.total), 0) as value
from shop.customers c
join regions r on r.id = c.region_id
left join order_totals t on t.customer_id = c.id
where c.deleted_at is null and c.is_active
group by c.id, c.email, r.name;

create unique index on customer_value (id);
