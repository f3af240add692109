import type { Upstream } from "../../upstreams/model";
import { quoteIdent, quoteLiteral, quoteQualified, unquoteIdent } from "../../upstreams/quote";
import type { Inference } from "../report";

function oneLine(text: string): string {
    return text.replace(/\s+/g, " ");
}

/** The schema that a statement of a dump makes. */
function madeSchema(sql: string): string | undefined {
    const [, name] = /^CREATE SCHEMA (?:IF NOT EXISTS )?("(?:[^"]|"")+"|[a-z_][a-z0-9_]*);$/.exec(sql) ?? [];
    return name === undefined ? undefined : unquoteIdent(name);
}

/** DDL of one upstream's database, to be run in it. */
export function stubSql(upstream: Upstream): string[] {
    const lines: string[] = upstream.extensions.map(
        ({ name }) => `CREATE EXTENSION IF NOT EXISTS ${quoteIdent(name)} CASCADE;`,
    );
    const schemas = new Set(upstream.tables.map(({ schema }) => schema).filter((schema) => schema !== "public"));
    const privileges = upstream.ddl
        .filter(({ sql }) => sql.startsWith("ALTER DEFAULT PRIVILEGES"))
        .map(({ sql }) => sql);
    const rest = upstream.ddl.map(({ sql }) => sql).filter((sql) => !privileges.includes(sql));
    const made = new Set(rest.map(madeSchema));
    lines.push(
        ...privileges,
        ...[...schemas].filter((name) => !made.has(name)).map((name) => `CREATE SCHEMA ${quoteIdent(name)};`),
        ...rest,
    );
    for (const table of upstream.tables) {
        const columns = table.columns.map(({ name, type }) => `    ${quoteIdent(name)} ${type}`);
        const body = columns.length === 0 ? "()" : `(\n${columns.join(",\n")}\n)`;
        lines.push(`CREATE TABLE ${quoteQualified(table.schema, table.name)} ${body};`);
    }
    const names = [...new Set(["public", ...schemas])];
    for (const user of upstream.users.filter(({ granted }) => granted !== true)) {
        for (const schema of names) {
            lines.push(
                `GRANT ALL ON SCHEMA ${quoteIdent(schema)} TO ${quoteIdent(user.name)};`,
                `GRANT ALL ON ALL TABLES IN SCHEMA ${quoteIdent(schema)} TO ${quoteIdent(user.name)};`,
            );
        }
    }
    return lines;
}

/** A psql script that makes the stubs on one server: roles, databases, tables. */
export function asSql(inference: Inference): string {
    const lines: string[] = [];
    const users = new Map(
        inference.upstreams.flatMap(({ users: each }) => each.map((user) => [user.name, user.password] as const)),
    );
    for (const [name, password] of users) {
        const secret = password === undefined ? "" : ` PASSWORD ${quoteLiteral(password).trim()}`;
        lines.push(`CREATE ROLE ${quoteIdent(name)} LOGIN${secret};`);
    }
    for (const { name } of inference.roles) {
        lines.push(`CREATE ROLE ${quoteIdent(name)};`);
    }
    const done = new Map<string, Set<string>>();
    for (const upstream of inference.upstreams) {
        const where = `${upstream.host}:${upstream.port}/${upstream.database}`;
        const before = done.get(upstream.database);
        const statements = stubSql(upstream).filter((sql) => before === undefined || !before.has(sql));
        lines.push("", `-- ${oneLine(where)}`);
        if (before === undefined) {
            lines.push(`CREATE DATABASE ${quoteIdent(upstream.database)};`);
        }
        lines.push(`\\connect ${quoteIdent(upstream.database)}`, ...statements);
        done.set(upstream.database, new Set([...(before ?? []), ...statements]));
    }
    return `${lines.join("\n")}\n`;
}
