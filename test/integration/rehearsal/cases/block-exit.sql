-- expect: runs
-- upstreams: node1:5432/orders, node2:5432/orders
CREATE EXTENSION postgres_fdw;
DO $$
BEGIN
    FOR n IN 1..8 LOOP
        CONTINUE WHEN n = 0;
        EXIT WHEN n > 2;
        EXECUTE format('CREATE SERVER node%s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host ''node%1$s'', dbname ''orders'')', n);
        EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER node%s OPTIONS (user ''router'', password ''r'')', n);
    END LOOP;
    RETURN;
    CREATE SERVER never FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'never', dbname 'orders');
END $$;
