/** What `server/mirror.sql` tells of the schema while it runs: notices whose detail is JSON. */

import type { NoticeMessage } from "pg-protocol/dist/messages";
import * as z from "zod";

/** Message of the notices that are ours. */
export const MARK = "fdw_stub_rehearsal";

const options = z.record(z.string(), z.string());
const context = z.string().default("");
const column = z.object({ name: z.string(), type: z.string() });

const notice = z.discriminatedUnion("event", [
    /** CREATE or ALTER SERVER. `handled`: postgres_fdw or dblink serves it. */
    z.object({
        event: z.literal("server"),
        context,
        name: z.string(),
        handled: z.boolean(),
        options,
    }),
    /** CREATE or ALTER USER MAPPING; null is PUBLIC. */
    z.object({
        event: z.literal("mapping"),
        context,
        server: z.string(),
        role: z
            .string()
            .nullable()
            .transform((role) => role ?? "PUBLIC"),
        options,
    }),
    /** A foreign table as it is now. */
    z.object({
        event: z.literal("table"),
        context,
        server: z.string(),
        schema: z.string(),
        name: z.string(),
        remoteSchema: z.string(),
        remoteName: z.string(),
        columns: z.array(column),
    }),
    /** A column that was another type at the stub before. */
    z.object({
        event: z.literal("retyped"),
        context,
        database: z.string(),
        schema: z.string(),
        table: z.string(),
        column: z.string(),
        before: z.string(),
        after: z.string(),
    }),
    /** A column that the user's declaration makes as another type than the foreign table has. */
    z.object({
        event: z.literal("contradicted"),
        context,
        database: z.string(),
        schema: z.string(),
        table: z.string(),
        column: z.string(),
        given: z.string(),
        wanted: z.string(),
    }),
    /** IMPORT FOREIGN SCHEMA, with the text that was sent; inside a routine the statement stands in the context. */
    z.object({ event: z.literal("import"), context, query: z.string() }),
    /** A foreign table that could not be made at its stub now, for example because of a lock. */
    z.object({
        event: z.literal("unmirrored"),
        context,
        server: z.string(),
        /** What `mirror_into` takes. */
        table: z.record(z.string(), z.unknown()),
        database: z.string(),
        state: z.string(),
        message: z.string(),
    }),
    /** A relation of a contract as it is now: columns by their number. */
    z.object({
        event: z.literal("relation"),
        context,
        oid: z.string(),
        schema: z.string(),
        name: z.string(),
        columns: z.array(z.object({ number: z.number(), name: z.string(), type: z.string() })),
    }),
    z.object({ event: z.literal("failed"), context, message: z.string() }),
]);

export type MirrorNotice = z.output<typeof notice>;

/** The notice as data, if it is one of ours. */
export function mirrorNotice(message: NoticeMessage): MirrorNotice | undefined {
    return message.message !== MARK || message.detail === undefined ? undefined : mirrorDetail(message.detail);
}

/** The detail of one of our notices as data. */
export function mirrorDetail(detail: string): MirrorNotice | undefined {
    let json: unknown;
    try {
        json = JSON.parse(detail);
    } catch {
        // The schema's own notice of that name.
        return undefined;
    }
    const parsed = notice.safeParse(json);
    return parsed.success ? parsed.data : undefined;
}

/** The line of a DO block's body, from 1, that a context tells; undefined outside of one. */
export function blockLine(text: string): number | undefined {
    const lines = [...text.matchAll(/PL\/pgSQL function inline_code_block line (\d+)/g)];
    const last = lines.at(-1)?.[1];
    return last === undefined ? undefined : Number(last);
}

/** The innermost statement that a context quotes, if it is of a kind. */
export function quotedStatement(text: string, kind: RegExp): string | undefined {
    for (const hit of text.matchAll(/SQL statement "((?:[^"]|"(?!\s*(?:\n|$)))*)"/g)) {
        if (kind.test(hit[1] ?? "")) {
            return hit[1];
        }
    }
    return undefined;
}
