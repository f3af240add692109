--liquibase formatted sql
--property name:remote.db value:catalogue dbms:postgresql

--changeset anna:1
CREATE EXTENSION IF NOT EXISTS postgres_fdw
--rollback DROP EXTENSION postgres_fdw

--changeset anna:2 splitStatements:false endDelimiter:/
CREATE SERVER catalogue FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'catalogue-db', dbname '${remote.db}')
/
--rollback DROP SERVER catalogue

--changeset anna:3 dbms:oracle
CREATE DATABASE LINK catalogue CONNECT TO x IDENTIFIED BY y USING 'z';
