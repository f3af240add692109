/** Whole pieces of SQL, each with the upstreams that it asks for. */
import type { Table, Upstream } from "../../../upstreams/model";

export interface Scene {
    readonly name: string;
    readonly upstreams: readonly Upstream[];
    /** Run in a transaction that is rolled back. */
    readonly sql: readonly string[];
    /** What the last statement gives. */
    readonly rows?: readonly Readonly<Record<string, unknown>>[];
    readonly error?: RegExp;
}

const ROW = (n: number): Table => ({
    schema: "public",
    name: "place",
    columns: [{ name: "n", type: "int" }],
    rows: [{ n }],
});

function upstream(host: string, database: string, more: Partial<Upstream> = {}): Upstream {
    return {
        host,
        port: 5432,
        database,
        users: [{ name: "reader", password: "right" }],
        extensions: [],
        ddl: [],
        tables: [],
        ...more,
    };
}

const MAPPING = "CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'reader', password 'right')";
const FDW = "CREATE EXTENSION postgres_fdw";
const server = (options: string, name = "s") =>
    `CREATE SERVER ${name} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (${options})`;

/** One place of the database `shards`, read through a materialized view, and the number that stands there. */
function shard(name: string, n: number, options: string, at: Upstream): Scene {
    return {
        name: `a shard at ${name}`,
        upstreams: [{ ...at, tables: [ROW(n)] }],
        sql: [
            FDW,
            server(`dbname 'shards', ${options}`),
            MAPPING,
            "CREATE FOREIGN TABLE place (n int) SERVER s",
            "CREATE MATERIALIZED VIEW seen AS SELECT n FROM place",
            "SELECT n FROM seen",
        ],
        rows: [{ n }],
    };
}

const VERIFIED = "sslmode 'verify-full', channel_binding 'require'";
const verified = { connections: [{ sslmode: "verify-full", channel_binding: "require" }] };

export const SHARDS: readonly Scene[] = [
    shard("a host", 1, "host 'shard1.test'", upstream("shard1.test", "shards")),
    shard("another host", 2, "host 'shard2.test'", upstream("shard2.test", "shards")),
    shard("another port", 3, "host 'shard2.test', port '6432'", upstream("shard2.test", "shards", { port: 6432 })),
    shard(
        "another port of localhost",
        4,
        "host 'localhost', port '6433'",
        upstream("localhost", "shards", { port: 6433 }),
    ),
    shard("a verified host", 5, `host 'shard5.test', ${VERIFIED}`, upstream("shard5.test", "shards", verified)),
    shard("an address", 6, "host '10.30.0.6'", upstream("10.30.0.6", "shards")),
    shard("a verified address", 7, `host '10.30.0.7', ${VERIFIED}`, upstream("10.30.0.7", "shards", verified)),
    shard("an IPv6 address", 8, "host 'fd00:77::8', port '6432'", upstream("fd00:77::8", "shards", { port: 6432 })),
    shard("a socket", 9, "host '/shards/nine'", upstream("/shards/nine", "shards")),
    shard("another socket", 10, "host '/shards/ten', port '6432'", upstream("/shards/ten", "shards", { port: 6432 })),
    {
        name: "a shard with a wrong password",
        upstreams: [],
        sql: [
            FDW,
            server(`dbname 'shards', host 'shard5.test', ${VERIFIED}`),
            "CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'reader', password 'wrong')",
            "CREATE FOREIGN TABLE place (n int) SERVER s",
            "SELECT n FROM place",
        ],
        error: /password authentication failed for user "reader"/,
    },
    {
        name: "a table that another shard has",
        upstreams: [upstream("shard11.test", "shards", { tables: [{ ...ROW(11), name: "elsewhere" }] })],
        sql: [
            FDW,
            server("dbname 'shards', host 'shard2.test'"),
            MAPPING,
            "CREATE FOREIGN TABLE elsewhere (n int) SERVER s",
            "SELECT n FROM elsewhere",
        ],
        error: /relation "public\.elsewhere" does not exist/,
    },
];

export const LOOPBACK: readonly Scene[] = [
    {
        name: "current_database() is where the command runs",
        upstreams: [],
        sql: [
            FDW,
            `DO $$ BEGIN EXECUTE format('${server("dbname %L, port %L").replaceAll("'", "''")}', current_database(), current_setting('port')); END $$`,
            "CREATE USER MAPPING FOR CURRENT_USER SERVER s",
            "CREATE FOREIGN TABLE databases (current_database name) SERVER s OPTIONS (schema_name 'information_schema', table_name 'information_schema_catalog_name')",
            "ALTER FOREIGN TABLE databases ALTER current_database OPTIONS (column_name 'catalog_name')",
            "SELECT current_database = current_database() AS here FROM databases",
        ],
        rows: [{ here: true }],
    },
    {
        name: "an upstream's database that is called like the dev database",
        upstreams: [upstream("named.test", "dev", { tables: [ROW(70)] })],
        sql: [
            FDW,
            server("dbname 'dev', host 'named.test'"),
            MAPPING,
            "CREATE FOREIGN TABLE place (n int) SERVER s",
            "SELECT n FROM place",
        ],
        rows: [{ n: 70 }],
    },
];

const TRGM = [{ name: "pg_trgm", schema: "extensions", optional: true }];

export const EXTENSIONS: readonly Scene[] = [
    {
        name: "an extension in a schema of its own",
        upstreams: [
            upstream("catalog.test", "catalog", {
                // One whose type a table has, without the schema in its name.
                extensions: [...TRGM, { name: "citext", schema: "extensions" }],
                tables: [
                    {
                        schema: "public",
                        name: "products",
                        columns: [
                            { name: "title", type: "text" },
                            { name: "code", type: "citext" },
                        ],
                        rows: [{ title: "lamps", code: "L" }],
                    },
                ],
            }),
        ],
        sql: [
            "CREATE SCHEMA extensions",
            "CREATE EXTENSION pg_trgm WITH SCHEMA extensions",
            "CREATE EXTENSION postgres_fdw WITH SCHEMA extensions",
            server("dbname 'catalog', host 'catalog.test', extensions 'pg_trgm', use_remote_estimate 'true'"),
            MAPPING,
            "CREATE FOREIGN TABLE products (title text) SERVER s",
            "CREATE MATERIALIZED VIEW alike AS SELECT title FROM products WHERE extensions.similarity(title, 'lamp') > 0.3",
            "SELECT title FROM products WHERE title OPERATOR(extensions.%) 'lamp'",
        ],
        rows: [{ title: "lamps" }],
    },
    {
        name: "an extension that the image lacks and no type needs",
        upstreams: [
            upstream("maps.test", "maps", {
                extensions: [{ name: "no_such_extension", optional: true }, ...TRGM],
                tables: [ROW(80)],
            }),
        ],
        sql: [
            FDW,
            server("dbname 'maps', host 'maps.test'"),
            MAPPING,
            "CREATE FOREIGN TABLE place (n int) SERVER s",
            "SELECT n FROM place",
        ],
        rows: [{ n: 80 }],
    },
];

export const DBLINK: readonly Scene[] = [
    {
        name: "dblink through a server with TLS",
        upstreams: [upstream("linked.test", "linked", { tables: [ROW(90)] })],
        sql: [
            "CREATE EXTENSION dblink",
            "CREATE SERVER s FOREIGN DATA WRAPPER dblink_fdw OPTIONS (host 'linked.test', dbname 'linked', sslmode 'verify-full')",
            MAPPING,
            "SELECT dblink_connect('c', 's')",
            "SELECT n FROM dblink('c', 'SELECT n FROM place') AS (n int)",
        ],
        rows: [{ n: 90 }],
    },
    {
        name: "dblink by a connection string",
        upstreams: [],
        sql: [
            "CREATE EXTENSION dblink",
            "SELECT n FROM dblink('host=linked.test dbname=linked user=reader password=right sslmode=require channel_binding=require', 'SELECT n FROM place') AS (n int)",
        ],
        rows: [{ n: 90 }],
    },
    {
        name: "dblink by a URI to a shard",
        upstreams: [],
        sql: [
            "CREATE EXTENSION dblink",
            "SELECT n FROM dblink('postgresql://reader:right@shard5.test/shards?sslmode=verify-full', 'SELECT n FROM place') AS (n int)",
        ],
        rows: [{ n: 5 }],
    },
    {
        name: "dblink with a wrong password",
        upstreams: [],
        sql: [
            "CREATE EXTENSION dblink",
            "SELECT n FROM dblink('host=linked.test dbname=linked user=reader password=wrong sslmode=require', 'SELECT n FROM place') AS (n int)",
        ],
        error: /password authentication failed for user "reader"/,
    },
];

const LEDGER: Upstream = upstream("written.test", "written", {
    connections: [{ sslmode: "require" }],
    tables: [
        {
            schema: "public",
            name: "lines",
            columns: [
                { name: "id", type: "bigint PRIMARY KEY" },
                { name: "price", type: "numeric(10,2)" },
                { name: "doubled", type: "numeric GENERATED ALWAYS AS (price * 2) STORED" },
            ],
            rows: [],
        },
    ],
});

const LINES = [
    FDW,
    server("dbname 'written', host 'written.test', sslmode 'require', batch_size '10'"),
    MAPPING,
    "CREATE FOREIGN TABLE lines (id bigint, price numeric(10,2), doubled numeric GENERATED ALWAYS AS (price * 2) STORED) SERVER s",
];

export const WRITING: readonly Scene[] = [
    {
        name: "INSERT, UPDATE and DELETE",
        upstreams: [LEDGER],
        sql: [
            ...LINES,
            "INSERT INTO lines (id, price) VALUES (1, 1), (2, 2), (3, 3)",
            "INSERT INTO lines (id, price) VALUES (1, 9) ON CONFLICT DO NOTHING",
            "UPDATE lines SET price = price * 10 WHERE id = 2",
            "DELETE FROM lines WHERE id = 3",
            "SELECT id::int, doubled::text FROM lines ORDER BY id",
        ],
        rows: [
            { id: 1, doubled: "2.00" },
            { id: 2, doubled: "40.00" },
        ],
    },
    {
        name: "TRUNCATE",
        upstreams: [],
        sql: [
            ...LINES,
            "INSERT INTO lines (id, price) VALUES (7, 1)",
            "TRUNCATE lines",
            "SELECT count(*)::int AS n FROM lines",
        ],
        rows: [{ n: 0 }],
    },
    {
        name: "a key that is there already",
        upstreams: [],
        sql: [...LINES, "INSERT INTO lines (id, price) VALUES (1, 1), (1, 2)"],
        error: /duplicate key value violates unique constraint "lines_pkey"/,
    },
];

/** Each gets a publisher of its own; none is in a transaction, because CREATE SUBSCRIPTION cannot be. */
export const SUBSCRIPTIONS: readonly Upstream[] = [
    upstream("publisher.test", "published", { publications: ["p", "Q r"], tables: [ROW(1)] }),
    upstream("publisher-tls.test", "published_tls", {
        ...verified,
        publications: ["p"],
    }),
];
