/** Which foreign tables are written to, and by what. Pure. */

import type { Node, RangeVar } from "libpg-query";
import { type PlStatement, plRoutine } from "../schema/parse/plpgsql";
import { parseSql } from "../upstreams/parser";
import type { LocalCatalog, LocalTable, Writer } from "./catalog";

export type Command = "INSERT" | "UPDATE" | "DELETE";

/** How a foreign table is written to. */
export interface Writes {
    /** What does it, by command, for people. */
    readonly by: ReadonlyMap<Command, string>;
}

interface Target {
    readonly command: Command;
    readonly schema?: string;
    readonly name: string;
}

function field(value: unknown, name: string): unknown {
    return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function target(command: Command, relation: RangeVar | undefined): Target[] {
    const { relname, schemaname } = relation ?? {};
    return relname === undefined
        ? []
        : [
              {
                  command,
                  name: relname,
                  ...(schemaname === undefined || schemaname === "" ? {} : { schema: schemaname }),
              },
          ];
}

/** What a MERGE does where its conditions are met. */
function mergeCommands(clauses: readonly Node[] | undefined): Command[] {
    return (clauses ?? []).flatMap((node) => {
        const type = "MergeWhenClause" in node ? node.MergeWhenClause.commandType : undefined;
        return type === "CMD_INSERT"
            ? ["INSERT"]
            : type === "CMD_UPDATE"
              ? ["UPDATE"]
              : type === "CMD_DELETE"
                ? ["DELETE"]
                : [];
    });
}

function ofNode(node: Node): Target[] {
    if ("InsertStmt" in node) {
        return target("INSERT", node.InsertStmt.relation);
    }
    if ("UpdateStmt" in node) {
        return target("UPDATE", node.UpdateStmt.relation);
    }
    if ("DeleteStmt" in node) {
        return target("DELETE", node.DeleteStmt.relation);
    }
    if ("CopyStmt" in node && node.CopyStmt.is_from === true) {
        return target("INSERT", node.CopyStmt.relation);
    }
    if ("MergeStmt" in node) {
        const { relation, mergeWhenClauses } = node.MergeStmt;
        return mergeCommands(mergeWhenClauses).flatMap((command) => target(command, relation));
    }
    return [];
}

const STATEMENTS = ["InsertStmt", "UpdateStmt", "DeleteStmt", "CopyStmt", "MergeStmt"];

function isStatement(value: object): value is Node {
    return STATEMENTS.some((name) => name in value);
}

/** All of a tree: statements stand in CTEs, in rules and in SQL bodies, too. */
function targetsIn(value: unknown): Target[] {
    if (typeof value !== "object" || value === null) {
        return [];
    }
    const own = isStatement(value) ? ofNode(value) : [];
    return [...own, ...Object.values(value).flatMap(targetsIn)];
}

function targetsInSql(sql: string): Target[] {
    const parsed = parseSql(sql);
    return "nodes" in parsed ? targetsIn(parsed.nodes) : [];
}

/** A text that an EXECUTE is given, where it is a constant, or one that format() fills in. */
function constantText(expression: string): string | undefined {
    const parsed = parseSql(`SELECT ${expression}`);
    const found = "nodes" in parsed ? constants(parsed.nodes) : [];
    return found[0]?.replaceAll(/%(?:\d+\$)?[sIL]/g, "fdw_stub_any");
}

function constants(value: unknown): string[] {
    if (typeof value !== "object" || value === null) {
        return [];
    }
    const text = field(field(field(value, "A_Const"), "sval"), "sval");
    return [...(typeof text === "string" ? [text] : []), ...Object.values(value).flatMap(constants)];
}

function targetsInPl(statements: readonly PlStatement[]): Target[] {
    return statements.flatMap(({ queries, body }): Target[] => {
        const texts = queries.flatMap(({ kind, text }) =>
            kind === "statement" ? [text] : kind === "dynamic" ? (constantText(text) ?? []) : [],
        );
        return [...texts.flatMap(targetsInSql), ...targetsInPl(body)];
    });
}

function targetsOf({ language, definition, body }: Writer): Target[] {
    if (language === "plpgsql") {
        return targetsInPl(plRoutine(definition, body)?.body ?? []);
    }
    // A body in SQL's own syntax stands in the statement that makes the function.
    return [...targetsInSql(definition), ...(body === definition ? [] : targetsInSql(body))];
}

function names({ schema, name }: Target, table: LocalTable, path: readonly string[]): boolean {
    return name === table.name && (schema === undefined ? path.includes(table.schema) : schema === table.schema);
}

const COMMANDS: readonly Command[] = ["INSERT", "UPDATE", "DELETE"];

/**
 * How each foreign table is written to: by functions, procedures and rules; as privileges, triggers and the option
 * \`updatable 'true'\` tell. What is declared \`updatable 'false'\` is written to by nobody.
 */
export function writesOf({ tables, servers, writers }: LocalCatalog): Map<LocalTable, Writes> {
    const found = writers.map((writer) => ({ writer, targets: targetsOf(writer) }));
    return new Map(
        tables.map((table) => {
            const server = servers.find(({ name }) => name === table.server);
            const option = table.updatable ?? server?.updatable ?? null;
            const by = new Map<Command, string>();
            for (const command of option === "false" ? [] : COMMANDS) {
                const writer = found.find(({ targets, writer: { path } }) =>
                    targets.some((one) => one.command === command && names(one, table, path)),
                )?.writer;
                const why =
                    writer !== undefined
                        ? writer.what
                        : table.granted.includes(command)
                          ? `whoever was granted ${command} on it`
                          : table.triggered.includes(command)
                            ? `the ${command} trigger on it`
                            : option === "true"
                              ? "the option updatable"
                              : undefined;
                if (why !== undefined) {
                    by.set(command, why);
                }
            }
            return [table, { by }];
        }),
    );
}
