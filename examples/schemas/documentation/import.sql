-- The manual's pages of CREATE SERVER, CREATE USER MAPPING, CREATE FOREIGN TABLE and IMPORT FOREIGN SCHEMA.
CREATE SERVER myserver FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'foo', dbname 'foodb', port '5432');
CREATE USER MAPPING FOR bob SERVER myserver OPTIONS (user 'bob', password 'secret');
CREATE SERVER film_server FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'film', dbname 'films');
CREATE USER MAPPING FOR PUBLIC SERVER film_server OPTIONS (user 'films', password 'films');
CREATE FOREIGN TABLE films (
    code        char(5) NOT NULL,
    title       varchar(40) NOT NULL,
    did         integer NOT NULL,
    date_prod   date,
    kind        varchar(10),
    len         interval hour to minute
)
SERVER film_server;
CREATE TABLE measurement (logdate date NOT NULL, peaktemp int, unitsales int) PARTITION BY RANGE (logdate);
CREATE FOREIGN TABLE measurement_y2016m07
    PARTITION OF measurement FOR VALUES FROM ('2016-07-01') TO ('2016-08-01')
    SERVER film_server;
CREATE SCHEMA films;
IMPORT FOREIGN SCHEMA foreign_films LIMIT TO (actors, directors)
    FROM SERVER film_server INTO films;
