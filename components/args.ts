import type * as pulumi from "@pulumi/pulumi";

/** A column of a stub table. */
export interface UpstreamColumn {
    /** Name as PostgreSQL stores it: case-sensitive, without quotes, at most 63 bytes. */
    name: pulumi.Input<string>;
    /** Type, and column constraints if wanted, as in CREATE TABLE: `numeric(10,2)`, `text[]`, `bigint GENERATED ALWAYS AS IDENTITY`. */
    type: pulumi.Input<string>;
}

/** A table that foreign tables read. */
export interface UpstreamTable {
    /** Schema at the upstream (`schema_name` of the foreign table). Default: `public`. */
    schema?: pulumi.Input<string>;
    /** Name at the upstream (`table_name` of the foreign table), as stored. */
    name: pulumi.Input<string>;
    /** Columns in order. Default: none. */
    columns?: pulumi.Input<pulumi.Input<UpstreamColumn>[]>;
    /**
     * Rows to seed, each by column name: text, numbers, true, false and null; objects and arrays become JSON text.
     * Default: none.
     */
    rows?: pulumi.Input<pulumi.Input<pulumi.Inputs>[]>;
}

/** A login that user mappings name. */
export interface UpstreamUser {
    /** Role name, as stored. A plain string, because it decides which resources exist. */
    name: string;
    /**
     * Password of the user mapping. With one, the server really asks for it, so that a wrong one is noticed and
     * non-superusers can use the foreign tables. Default: none, the role is trusted.
     */
    password?: pulumi.Input<string>;
    /** The schema creates the role itself, so the stack does not. A plain boolean, because it decides which resources exist. Default: false. */
    created?: boolean;
    /** A created role connects without a password. Default: false. */
    trusted?: pulumi.Input<boolean>;
    /** The role may use what the upstream's DDL grants, and nothing else. Default: false, it may use everything in the stub. */
    granted?: pulumi.Input<boolean>;
}

/** One upstream: what `CREATE SERVER … OPTIONS (host, port, dbname)` names and what its foreign tables expect there. */
export interface Upstream {
    /**
     * Host as in CREATE SERVER: a name, an IPv4 or IPv6 address, or the folder of a Unix socket. Default: without a port,
     * the one at which the schema asks for the database; otherwise `localhost`.
     */
    host?: pulumi.Input<string>;
    /** Address as in CREATE SERVER (`hostaddr`), which is asked instead of the host. Default: none. */
    hostaddr?: pulumi.Input<string>;
    /** TCP port as in CREATE SERVER, 1 to 65535. Default: 5432. */
    port?: pulumi.Input<number>;
    /** Database as in CREATE SERVER (`dbname`). A plain string, because it decides which resources exist. */
    database: string;
    /**
     * Files and folders with the upstream's own DDL, relative to the folder of the project: the stub has what they make, and
     * nothing is added to it. Plain strings, because they decide which resources exist. Default: none, the stub is derived.
     */
    contract?: string[];
    /**
     * Database of the stack's server that stands for it. Upstreams that share a database's name and differ in their tables
     * need one each. A plain string, because it decides which resources exist. Default: called like `database`.
     */
    stub?: string;
    /** How the schema connects: options of libpq and postgres_fdw by name, one entry for each way. Default: libpq's defaults. */
    connections?: pulumi.Input<pulumi.Input<Record<string, pulumi.Input<string>>>[]>;
    /** Publications that subscriptions of the schema name. Default: none. */
    publications?: pulumi.Input<pulumi.Input<string>[]>;
    /** Logins of the user mappings. They may use everything in the stub database. Default: none. */
    users?: UpstreamUser[];
    /** PostgreSQL extensions that the tables' types need; the image must have them. Default: none. */
    extensions?: pulumi.Input<pulumi.Input<string>[]>;
    /** Schemas that extensions are put into, by the extension's name. Default: `public`. */
    extensionSchemas?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Further extensions that no type needs: an image that lacks one is no reason to fail. Default: none. */
    optionalExtensions?: pulumi.Input<pulumi.Input<string>[]>;
    /** SQL text that runs in the stub database before `tables`: enums, domains, tables, INSERTs. Default: none. */
    ddl?: pulumi.Input<string>;
    /** Files with such text, relative to the folder of the project; they run first. Default: none. */
    ddlFiles?: pulumi.Input<pulumi.Input<string>[]>;
    /** Tables to create. Default: none. */
    tables?: pulumi.Input<pulumi.Input<UpstreamTable>[]>;
    /**
     * Files of rows, relative to the folder of the project, that come when all tables are there, derived ones too: `.sql` with
     * statements, or `schema.table.csv` with the columns' names in its first line. Default: none.
     */
    seed?: pulumi.Input<pulumi.Input<string>[]>;
}

/** A difference between the schema and an upstream's contract that somebody has looked at. */
export interface AcceptedFinding {
    /** Kind of the finding, as `fdw-stub check` prints it, for example `type-fails`. */
    code: pulumi.Input<string>;
    /** What it is about, for example `public.orders.amount`. */
    object: pulumi.Input<string>;
    /** Why it is accepted. */
    reason: pulumi.Input<string>;
}

/** Arguments of `FdwStubDevDatabase`. At least one of `schema` and `upstreams` is needed. */
export interface FdwStubDevDatabaseArgs {
    /**
     * Files and folders of the schema, from which the upstreams are derived, relative to the folder of the project; also
     * files of `fdw-stub record`.
     * Plain strings, because they decide which resources exist. Default: none.
     */
    schema?: string[];
    /** Values of placeholders in these files, by name. Plain strings for the same reason. Default: none. */
    variables?: Record<string, string>;
    /**
     * Upstreams declared by hand: a contract, or parts that complete what is derived, and win over it. Those with the same
     * database name share one stub database. Default: none.
     */
    upstreams?: pulumi.Input<Upstream[]>;
    /** Roles without a login that the schema mentions and does not create. Plain strings, because they decide which resources exist. Default: none. */
    roles?: string[];
    /** Whether a statement of the schema that PostgreSQL refuses is an error, and not a warning. Default: false. */
    strict?: pulumi.Input<boolean>;
    /** Differences between the schema and contracts of upstreams that are accepted, each with its reason. Default: none. */
    accepted?: pulumi.Input<pulumi.Input<AcceptedFinding>[]>;
    /** The official `postgres` image, 14 or later, or one made from it. Default: `postgres:18`. */
    image?: pulumi.Input<string>;
    /** Port on the host's loopback address. Default: a free one that stays the same for the stack. */
    port?: pulumi.Input<number>;
    /** Server settings as in postgresql.conf, by name. Default: none beyond the stack's own. */
    settings?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Name of the dev database, which stays empty for Atlas. A plain string, because it must differ from the upstreams'. Default: `dev`. */
    devDatabase?: string;
    /** Name of the superuser in the dev URL; its password is generated. A plain string, because an upstream may name the same user. Default: `postgres`. */
    devUser?: string;
    /** SQL files, relative to the folder of the project, that every fresh database starts from. Default: none, it is empty. */
    baseline?: pulumi.Input<pulumi.Input<string>[]>;
    /** Fresh databases prepared ahead, 0 to 1000; each takes some 8 MB of disk. Default: 8. */
    stock?: pulumi.Input<number>;
    /** Leftovers of killed commands that stay for a look, 0 to 1000, the youngest. Default: 5. */
    kept?: pulumi.Input<number>;
    /** Age in seconds at which a fresh database goes even when somebody is connected. Default: 3600. */
    maxAge?: pulumi.Input<number>;
}
