CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE TABLE tenants (tenant_id integer NOT NULL, name text) PARTITION BY LIST (tenant_id);

CREATE PROCEDURE add_tenant(tenant integer, host text) LANGUAGE plpgsql AS $$
DECLARE
    server text := format('tenant_%s', tenant);
BEGIN
    EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, dbname %L)', server, host, server);
    EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER %I OPTIONS (user %L, password %L)', server, 'tenant', 'tenant');
    EXECUTE format('CREATE FOREIGN TABLE %I PARTITION OF tenants FOR VALUES IN (%s) SERVER %I OPTIONS (table_name %L)',
        'tenants_' || tenant, tenant, server, 'tenants');
END
$$;
CALL add_tenant(1, 'tenant-a');
CALL add_tenant(2, host => 'tenant-b');
DO $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT * FROM (VALUES (3, 'tenant-c'), (4, 'tenant-d')) AS t(id, host) LOOP
        CALL add_tenant(each.id, each.host);
    END LOOP;
END
$$;
SELECT count(*) FROM tenants WHERE tenant_id <= 4;
