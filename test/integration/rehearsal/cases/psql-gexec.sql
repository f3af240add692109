-- expect: runs
-- upstreams: cell1:5432/cells, cell2:5432/cells
CREATE EXTENSION postgres_fdw;
SELECT format('CREATE SERVER cell%s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host ''cell%1$s'', dbname ''cells'')', n) FROM generate_series(1, 2) AS n \gexec
