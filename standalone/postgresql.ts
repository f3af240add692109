import { type Client, DatabaseError } from "pg";
import * as z from "zod";
import { withClient } from "../server/connect";
import { InputError } from "../upstreams/errors";
import { quoteIdent, quoteLiteral } from "../upstreams/quote";
import type { Handlers, Request, RunContext } from "./handlers";

// The SDK hands providers' inputs over as text, numbers too.
const providerInputs = z.object({
    host: z.string(),
    port: z.coerce.number(),
    username: z.string(),
    password: z.string(),
    database: z.string().default("postgres"),
});
const roleInputs = z.object({ name: z.string(), login: z.boolean().default(false), password: z.string().default("") });
const databaseInputs = z.object({ name: z.string() });
const extensionInputs = z.object({
    name: z.string(),
    database: z.string().optional(),
    version: z.string().optional(),
    createCascade: z.boolean().default(false),
});

/** What the server refuses comes from what the user declared: its own words are what helps. */
function explain(database: string, error: unknown): unknown {
    if (!(error instanceof DatabaseError)) {
        return error;
    }
    const { message, detail, hint } = error;
    const more = [detail === undefined ? "" : ` (${detail})`, hint === undefined ? "" : ` Hint: ${hint}`].join("");
    const image = /^extension ".*" is not available$/.test(message)
        ? " A type or DDL needs it: name an image that has it, in the configuration: image: NAME"
        : "";
    return new InputError(`The database ${JSON.stringify(database)} could not be set up: ${message}${more}${image}`);
}

async function withProvider<T>(
    { type, name, provider }: Request,
    { providers }: RunContext,
    database: string | undefined,
    work: (client: Client) => Promise<T>,
): Promise<T> {
    const inputs = providers.get(provider);
    if (inputs === undefined) {
        throw new Error(`The resource ${name} (${type}) has no provider; the standalone runner needs an explicit one.`);
    }
    const server = providerInputs.parse(inputs);
    const { host, port, username: user, password } = server;
    const reached = database ?? server.database;
    try {
        return await withClient({ host, port, user, password, database: reached }, work);
    } catch (error) {
        throw explain(reached, error);
    }
}

/** Whether a database is there and remains as it is. */
function stays(database: string, { kept }: RunContext): boolean {
    return kept !== undefined && !kept.changed.has(database);
}

/** The types of `@pulumi/postgresql` that stubs are made of. */
export const postgresqlHandlers: Handlers = {
    "pulumi:providers:postgresql": async ({ name, inputs }, { providers }) => {
        const id = `postgresql-${name}`;
        providers.set(id, inputs);
        return { id };
    },

    "postgresql:index/role:Role": async (request, context) => {
        const { name, login, password } = roleInputs.parse(request.inputs);
        const secret = password === "" ? "" : ` PASSWORD ${quoteLiteral(password)}`;
        const does = context.kept === undefined ? "CREATE" : "ALTER";
        await withProvider(request, context, undefined, (client) =>
            client.query(`${does} ROLE ${quoteIdent(name)} ${login ? "LOGIN" : "NOLOGIN"}${secret}`),
        );
        return { id: name };
    },

    "postgresql:index/database:Database": async (request, context) => {
        const { name } = databaseInputs.parse(request.inputs);
        if (stays(name, context)) {
            return { id: name };
        }
        await withProvider(request, context, undefined, async (client) => {
            if (context.kept !== undefined) {
                await client.query(`DROP DATABASE IF EXISTS ${quoteIdent(name)} WITH (FORCE)`);
            }
            // The same template as the provider's default.
            await client.query(`CREATE DATABASE ${quoteIdent(name)} TEMPLATE template0`);
        });
        return { id: name };
    },

    "postgresql:index/extension:Extension": async (request, context) => {
        const { name, database, version, createCascade } = extensionInputs.parse(request.inputs);
        if (database !== undefined && stays(database, context)) {
            return { id: name };
        }
        context.progress(`Creating the extension ${name}`);
        const of = version === undefined ? "" : ` VERSION ${quoteLiteral(version)}`;
        await withProvider(request, context, database, (client) =>
            client.query(`CREATE EXTENSION ${quoteIdent(name)}${of}${createCascade ? " CASCADE" : ""}`),
        );
        return { id: name };
    },
};
