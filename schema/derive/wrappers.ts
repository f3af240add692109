/** Tells foreign-data wrappers apart: which ones speak to PostgreSQL, and what the others read. */

import type { Wrapper } from "./catalog";

/** Wrappers of other sources, by name. */
const OTHERS: ReadonlyMap<string, string> = new Map([
    ["mysql_fdw", "MySQL"],
    ["mariadb_fdw", "MariaDB"],
    ["oracle_fdw", "Oracle"],
    ["tds_fdw", "SQL Server or Sybase"],
    ["odbc_fdw", "ODBC"],
    ["jdbc_fdw", "JDBC"],
    ["jdbc2_fdw", "JDBC"],
    ["file_fdw", "files on the server"],
    ["file_text_array_fdw", "files on the server"],
    ["log_fdw", "server logs"],
    ["mongo_fdw", "MongoDB"],
    ["redis_fdw", "Redis"],
    ["sqlite_fdw", "SQLite"],
    ["db2_fdw", "Db2"],
    ["firebird_fdw", "Firebird"],
    ["informix_fdw", "Informix"],
    ["influxdb_fdw", "InfluxDB"],
    ["griddb_fdw", "GridDB"],
    ["dynamodb_fdw", "DynamoDB"],
    ["cassandra_fdw", "Cassandra"],
    ["cassandra2_fdw", "Cassandra"],
    ["clickhouse_fdw", "ClickHouse"],
    ["clickhousedb_fdw", "ClickHouse"],
    ["bigquery_fdw", "BigQuery"],
    ["snowflake_fdw", "Snowflake"],
    ["redshift_fdw", "Redshift"],
    ["hdfs_fdw", "Hadoop"],
    ["hadoop_fdw", "Hadoop"],
    ["kafka_fdw", "Kafka"],
    ["elastic_fdw", "Elasticsearch"],
    ["parquet_fdw", "Parquet files"],
    ["parquet_s3_fdw", "Parquet files in S3"],
    ["duckdb_fdw", "DuckDB"],
    ["cstore_fdw", "columnar files"],
    ["columnar", "columnar files"],
    ["ogr_fdw", "geographic files"],
    ["multicorn", "Python code"],
    ["multicorn_fdw", "Python code"],
    ["www_fdw", "web services"],
    ["s3_fdw", "S3"],
    ["wasm_wrapper", "WebAssembly code"],
    ["stripe_wrapper", "Stripe"],
    ["s3_wrapper", "S3"],
    ["firebase_wrapper", "Firebase"],
    ["airtable_wrapper", "Airtable"],
    ["clickhouse_wrapper", "ClickHouse"],
    ["bigquery_wrapper", "BigQuery"],
    ["iceberg_wrapper", "Iceberg"],
    ["blackhole_fdw", "nothing"],
    ["dummy", "nothing"],
]);

export type WrapperKind =
    /** postgres_fdw, or an own wrapper with its handler. */
    | { readonly kind: "postgres" }
    /** Its servers only hold connection options, for `dblink`. */
    | { readonly kind: "dblink" }
    | { readonly kind: "other"; readonly reads: string }
    | { readonly kind: "unknown" };

export function wrapperKind(name: string, defined: Wrapper | undefined): WrapperKind {
    if (name === "postgres_fdw") {
        return { kind: "postgres" };
    }
    if (name === "dblink_fdw") {
        return { kind: "dblink" };
    }
    if (defined?.handler === "postgres_fdw_handler") {
        return { kind: "postgres" };
    }
    if (/^(?:postgresql_fdw_validator|postgres_fdw_validator|dblink_fdw_validator)$/.test(defined?.validator ?? "")) {
        return { kind: defined?.handler === undefined ? "dblink" : "postgres" };
    }
    const reads = OTHERS.get(name);
    if (reads !== undefined) {
        return { kind: "other", reads };
    }
    if (/^steampipe|_wrapper$/.test(name) || defined?.handler !== undefined) {
        return { kind: "other", reads: "another source" };
    }
    return { kind: "unknown" };
}
