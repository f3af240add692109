import type { Table, Upstream } from "../../../upstreams/model";
import type { StubDatabase } from "../../../upstreams/stubs";

/** An upstream in which only what a test is about differs from the plain one. */
export function upstream(more: Partial<Upstream> = {}): Upstream {
    return {
        host: "upstream_db",
        port: 5432,
        database: "upstream_db",
        users: [],
        extensions: [],
        ddl: [],
        tables: [],
        ...more,
    };
}

/** A table of the given columns, `name type` each. */
export function table(name: string, columns: readonly string[], more: Partial<Table> = {}): Table {
    return {
        schema: "public",
        name,
        columns: columns.map((text) => {
            const [first = "", ...type] = text.split(" ");
            return { name: first, type: type.join(" ") };
        }),
        rows: [],
        ...more,
    };
}

/** A stub database in which only what a test is about differs from the empty one. */
export function stub(more: Partial<StubDatabase> = {}): StubDatabase {
    return {
        database: "db",
        servers: [],
        users: [],
        open: false,
        passedThrough: [],
        extensions: [],
        publications: [],
        ddl: [],
        tables: [],
        seed: [],
        ...more,
    };
}
