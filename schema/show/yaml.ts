import { Document, isMap, isPair, isScalar, isSeq, visit } from "yaml";
import type { Upstream } from "../../upstreams/model";
import type { Inference } from "../report";

/** One upstream as the configuration has it; what has its default is left out. */
export function configOf(upstream: Upstream): Record<string, unknown> {
    const { host, port, database, users, extensions, ddl, tables } = upstream;
    return {
        host,
        ...(port === 5432 ? {} : { port }),
        database,
        ...(users.length === 0 ? {} : { users }),
        ...(extensions.length === 0 ? {} : { extensions }),
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
export function asYaml(inference: Inference): string {
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
