import { type Client, DatabaseError } from "pg";
import type { ServerContainer } from "../docker/server";
import { desiredDatabase, dropDatabase, freshDatabase } from "../sql/fresh";
import { InputError } from "../upstreams/errors";
import type { Ddl } from "../upstreams/model";
import { DEV, type Given, runCommand } from "./command";
import { freshUrl, withMaintenance } from "./maintenance";

const DESIRED = { placeholder: "{desiredUrl}", variables: ["DESIRED_URL"] };

/**
 * Makes a database of the desired schema that lasts as long as the connection.
 *
 * @returns its name.
 * @throws InputError for a statement that fails, with file, line and PostgreSQL's message.
 */
async function makeDesired(client: Client, desired: readonly Ddl[]): Promise<string> {
    try {
        return await desiredDatabase(client, desired, { hold: true });
    } catch (error) {
        if (error instanceof DatabaseError) {
            throw new InputError(error.message);
        }
        throw error;
    }
}

/**
 * Runs a command with a fresh database of its own, in `DEV_URL`, `ATLAS_DEV_URL` and in place of `{devUrl}` in its
 * arguments, and drops the database afterwards. When this process is killed, its connection goes, and the database
 * with it.
 *
 * @param desired A schema that gets a database of its own too, in `DESIRED_URL` and in place of `{desiredUrl}`.
 * @returns the command's exit status; 128 and the signal's number when a signal ended it; 126 or 127, as from a
 * shell, when it could not be started.
 * @throws InputError when no command is given, or one that asks for a desired schema when there is none.
 */
export async function runWithFreshDatabase(
    server: ServerContainer,
    command: readonly string[],
    desired?: readonly Ddl[],
): Promise<number> {
    const [name, ...args] = command;
    if (name === undefined) {
        throw new InputError(
            "No command is given. Write it after --, for example: fdw-stub run -- atlas schema inspect …",
        );
    }
    if (desired === undefined && args.some((arg) => arg.includes(DESIRED.placeholder))) {
        throw new InputError(
            `The command has ${DESIRED.placeholder}, and no schema is named for it. Name its files or folder: fdw-stub run --desired schema.sql -- …`,
        );
    }
    return withMaintenance(server, async (client) => {
        // This session does nothing as long as the command runs, and the databases go with it. A schema may take long.
        await client.query("SET idle_session_timeout = 0; SET statement_timeout = 0");
        const databases: string[] = [];
        const taken = (what: typeof DEV, database: string): Given => {
            databases.push(database);
            return { ...what, url: freshUrl(server, database) };
        };
        try {
            const given: Given[] = [];
            if (desired !== undefined) {
                given.push(taken(DESIRED, await makeDesired(client, desired)));
            }
            const [beside] = databases;
            const fresh = await freshDatabase(client, { hold: true, ...(beside === undefined ? {} : { beside }) });
            given.push(taken(DEV, fresh));
            return (await runCommand(command, { given })).status;
        } finally {
            for (const database of databases.reverse()) {
                await dropDatabase(client, database).catch(() => undefined);
            }
        }
    });
}
