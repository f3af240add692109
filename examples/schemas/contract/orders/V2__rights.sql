CREATE ROLE reporting LOGIN;
GRANT SELECT ON customers, orders TO reporting;
