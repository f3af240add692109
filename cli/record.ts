import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { imageId } from "../components/derive";
import { connectDocker } from "../docker/client";
import { type Recorded, record } from "../rehearsal/record";
import { asFindings, asYaml } from "../schema";
import { InputError } from "../upstreams/errors";
import type { Upstream } from "../upstreams/model";
import { parseConfiguration } from "../upstreams/parse";
import { type DatabaseAddress, databaseUrl } from "../upstreams/url";
import { DEV, runCommand } from "./command";
import { writeWhole } from "./write-file";

export interface RecordOptions {
    readonly output?: string;
    readonly attempts: string;
    readonly passwords?: true;
    readonly image?: string;
    readonly devUser?: string;
}

/** Most attempts that make sense: each but the last has learnt something. */
const MOST_ATTEMPTS = 100;
/**
 * Variables by which libpq would go elsewhere, or ask for more than the listener gives. They are taken away, not set:
 * some clients refuse to run where they have a variable that they do not know.
 */
const LEADING_ELSEWHERE = [
    "PGHOSTADDR",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGREQUIREAUTH",
    "PGREQUIRESSL",
    "PGCHANNELBINDING",
    "PGSSLNEGOTIATION",
    "PGGSSENCMODE",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
];
const HEADER = `# What a command expects of its upstreams, written by \`fdw-stub record\`. It may be changed by hand.
# Name this file under \`schema\` in the stack's configuration.
`;

function checkedAttempts(text: string): number {
    const attempts = Number(text);
    if (!/^\d+$/.test(text) || attempts < 1 || attempts > MOST_ATTEMPTS) {
        throw new InputError(
            `--attempts ${JSON.stringify(text)} is no number of attempts; allowed are whole numbers from 1 to ${MOST_ATTEMPTS}.`,
        );
    }
    return attempts;
}

function checkOutput(output: string): void {
    const folder = dirname(resolve(output));
    if (!existsSync(folder) || !statSync(folder).isDirectory()) {
        throw new InputError(`--output ${JSON.stringify(output)}: the folder ${folder} does not exist. Make it first.`);
    }
    if (existsSync(output) && statSync(output).isDirectory()) {
        throw new InputError(`--output ${JSON.stringify(output)} is a folder. Name a file.`);
    }
    if (!/\.ya?ml$/i.test(output)) {
        throw new InputError(
            `--output ${JSON.stringify(output)} must end in .yaml or .yml: by that the key \`schema\` knows such a file.`,
        );
    }
}

/** The variables of libpq, by which most clients find the server without being told. */
function environmentFor({ host, port, user, password, database }: DatabaseAddress): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(([name]) => !LEADING_ELSEWHERE.includes(name));
    return {
        ...Object.fromEntries(inherited),
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: user,
        PGPASSWORD: password,
        PGDATABASE: database,
        PGSSLMODE: "disable",
    };
}

function withoutPasswords(upstream: Upstream): Upstream {
    return { ...upstream, users: upstream.users.map(({ password: _, ...user }) => user) };
}

function write(text: string, output: string | undefined): void {
    if (output === undefined) {
        process.stdout.write(text);
        return;
    }
    writeWhole(output, text, "--output");
}

function count(n: number, one: string): string {
    return n === 1 ? `1 ${one}` : `${n} ${one}s`;
}

function summary(
    { upstreams, attempts, status, unfinished }: Recorded,
    output: string | undefined,
    written: boolean,
): string {
    const tables = upstreams.reduce((sum, each) => sum + each.tables.length, 0);
    const found =
        upstreams.length === 0
            ? "No upstream was needed"
            : `Recorded ${count(upstreams.length, "upstream")} with ${count(tables, "table")}`;
    const end = status === 0 ? "" : ` The command ended with status ${status}, so there may be more to record.`;
    const more = unfinished ? ` It could go further now: allow more with --attempts ${attempts * 2}.` : "";
    const where = output === undefined ? "" : written ? ` ${output} is written.` : ` ${output} is left as it was.`;
    return `${found} (${count(attempts, "attempt")}).${end}${more}${where}`;
}

/**
 * Runs a command against a throw-away server and writes down what it needs of its upstreams.
 *
 * @returns the exit status of the command's last run.
 * @throws InputError for options that cannot be used, and where there is no Docker or no image.
 */
export async function recordCommand(command: readonly string[], options: RecordOptions): Promise<number> {
    const { output, passwords = false } = options;
    const attempts = checkedAttempts(options.attempts);
    if (output !== undefined) {
        checkOutput(output);
    }
    // Checked, with defaults; a schema stands for what the command runs.
    const configuration = parseConfiguration({
        schema: ["."],
        ...(options.image === undefined ? {} : { image: options.image }),
        ...(options.devUser === undefined ? {} : { devUser: options.devUser }),
    });
    const tell = (line: string) => process.stderr.write(`fdw-stub: ${line}\n`);
    const docker = await connectDocker();
    let last = 0;
    const recorded = await record(docker, {
        image: await imageId(docker, configuration.image, tell),
        devUser: configuration.devUser,
        devDatabase: configuration.devDatabase,
        settings: configuration.settings,
        roles: configuration.roles,
        attempts,
        tell,
        run: async (address) => {
            const ended = await runCommand(command, {
                given: [{ ...DEV, url: databaseUrl(address) }],
                env: environmentFor(address),
                toStderr: output === undefined,
            });
            last = ended.status;
            return ended;
        },
    });
    if (recorded === undefined) {
        return last;
    }
    const upstreams = passwords ? recorded.upstreams : recorded.upstreams.map(withoutPasswords);
    const place = { file: "", line: 1 };
    const roles = recorded.roles.map((name) => ({ name, place }));
    // What a command that failed did not come to is in a file of one that ended well.
    const writes = recorded.status === 0 || output === undefined || !existsSync(output);
    if (writes) {
        write(`${HEADER}${asYaml({ upstreams, roles })}`, output);
    }
    if (recorded.findings.length > 0) {
        process.stderr.write(`${asFindings(recorded.findings)}\n`);
    }
    tell(summary(recorded, output, writes));
    return recorded.status;
}
