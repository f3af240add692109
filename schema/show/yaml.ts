import { Document, isMap, isPair, isScalar, isSeq, visit } from "yaml";
import type { Upstream } from "../../upstreams/model";
import type { Inference } from "../report";

/** One upstream as the configuration has it; what has its default is left out. */
export function configOf(upstream: Upstream): Record<string, unknown> {
    const { host, hostaddr, port, database, stub, connections = [], publications = [] } = upstream;
    const { users, contract = [] } = upstream;
    return {
        host,
        ...(hostaddr === undefined ? {} : { hostaddr }),
        ...(port === 5432 ? {} : { port }),
        database,
        ...(stub === undefined ? {} : { stub }),
        ...(connections.length === 0 ? {} : { connections }),
        ...(publications.length === 0 ? {} : { publications }),
        ...(contract.length === 0
            ? { ...(users.length === 0 ? {} : { users }), ...contentOf(upstream) }
            : // What the contract makes, and what its roles may do with it, stands there.
              { ...(users.length === 0 ? {} : { users: users.map(({ granted, ...user }) => user) }), contract }),
    };
}

function contentOf({ extensions, ddl, tables }: Upstream): Record<string, unknown> {
    const needed = extensions.filter(({ optional }) => optional !== true).map(({ name }) => name);
    const optional = extensions.filter((one) => one.optional === true).map(({ name }) => name);
    const placed = extensions.flatMap(({ name, schema }) => (schema === undefined ? [] : [[name, schema] as const]));
    return {
        ...(needed.length === 0 ? {} : { extensions: needed }),
        ...(placed.length === 0 ? {} : { extensionSchemas: Object.fromEntries(placed) }),
        ...(optional.length === 0 ? {} : { optionalExtensions: optional }),
        ...(ddl.length === 0 ? {} : { ddl: `${ddl.map(({ sql }) => sql).join("\n")}\n` }),
        ...(tables.length === 0
            ? {}
            : {
                  tables: tables.map(({ schema, name, columns, rows }) => ({
                      ...(schema === "public" ? {} : { schema }),
                      name,
                      columns,
                      ...(rows.length === 0 ? {} : { rows }),
                  })),
              }),
    };
}

/** The configuration that declares the same by hand. A column is one line. */
export function asYaml(inference: Pick<Inference, "upstreams" | "roles">): string {
    const roles = inference.roles.map(({ name }) => name);
    const document = new Document({
        config: {
            "fdw-stub:upstreams": inference.upstreams.map(configOf),
            ...(roles.length === 0 ? {} : { "fdw-stub:roles": roles }),
        },
    });
    visit(document, {
        Pair(_key, pair) {
            if (isPair(pair) && isScalar(pair.key) && pair.key.value === "columns" && isSeq(pair.value)) {
                for (const column of pair.value.items) {
                    if (isMap(column)) {
                        column.flow = true;
                    }
                }
            }
        },
    });
    return document.toString({ lineWidth: 0 });
}
