CREATE SCHEMA IF NOT EXISTS {{ schema | default('tele') }};
CREATE FOREIGN TABLE {{ schema | default('tele') }}.samples (device text, value real, tags text[]) SERVER telemetry OPTIONS (schema_name 'raw');
