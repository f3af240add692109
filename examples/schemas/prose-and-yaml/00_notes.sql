Don't run this by hand! It's read by the deployment, and the apostrophe's are left as they're.

services:
  db:
    image: postgres
    command: "-c shared_preload_libraries=''"

CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER real FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'real-host', dbname 'real');
CREATE USER MAPPING FOR CURRENT_USER SERVER real OPTIONS (user 'real', password 'real');
