import type { ServerContainer } from "../docker/server";
import { addressOf, expectedOf } from "../server/expected";
import { probeUpstreams } from "../server/probe";
import { InputError } from "../upstreams/errors";
import type { Connection } from "../upstreams/model";

/** What one upstream answered. */
export interface UpstreamAnswer {
    readonly ok: boolean;
    readonly subject: string;
    readonly text: string;
    /** It cannot be answered, which was said when the stack was made. */
    readonly known: boolean;
}

function withOptions(connection: Connection): string {
    const options = Object.entries(connection).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
    return options.length === 0 ? "" : ` with ${options.join(", ")}`;
}

/** Asks every upstream of a running server through a real foreign server, from inside the cluster. */
export async function askUpstreams(server: ServerContainer): Promise<UpstreamAnswer[]> {
    const address = addressOf(server);
    const expected = expectedOf(server);
    if (address === undefined || expected === undefined) {
        throw new InputError(`The container ${server.name} was changed by hand. Bring the stack up again.`);
    }
    const results = await probeUpstreams(address, expected);
    return results.map(({ host, port, database, connection, tables, error, known = false }) => ({
        ok: error === undefined,
        subject: `upstream ${host}:${port}/${database}${withOptions(connection)}`,
        known,
        text: error ?? `answers through a foreign server (${tables} ${tables === 1 ? "table" : "tables"})`,
    }));
}

/**
 * Asks every upstream and says what to do next.
 *
 * @throws InputError that names the upstreams that do not answer.
 */
export async function nextSteps(server: ServerContainer, stack: string): Promise<string> {
    const answers = await askUpstreams(server);
    const silent = answers.filter((answer) => !answer.ok && !answer.known);
    if (silent.length > 0) {
        throw new InputError(
            `Not every upstream answers:\n${silent.map(({ subject, text }) => `  ${subject}: ${text}`).join("\n")}\n\`npx fdw-stub doctor\` tells more.`,
        );
    }
    const option = stack === "dev" ? "" : ` --stack ${stack}`;
    return [
        ...answers.map(({ subject, text }) => `  ${subject} ${text}`),
        "",
        "Next:",
        `  npx fdw-stub run${option} -- atlas schema inspect --url '{devUrl}'   # or any other Atlas command: each has a fresh database`,
        `  export DEV_URL="$(npx fdw-stub url${option})"                         # the one that stays`,
        `  npx fdw-stub status${option}             # what is there; \`doctor\` examines it, \`down\` removes it`,
    ].join("\n");
}
