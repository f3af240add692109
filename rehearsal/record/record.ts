/** Runs a command that talks to PostgreSQL on a throw-away server, and derives the upstreams that it needs. */

import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { Finding } from "../../schema/report";
import type { Upstream } from "../../upstreams/model";
import { loadParser } from "../../upstreams/parser";
import type { DatabaseAddress } from "../../upstreams/url";
import { type RehearsalOptions, RehearsalServer } from "../container";
import { failureFindings } from "../failures";
import { noKnowledge } from "../knowledge";
import { Attempt, type Lesson } from "./attempt";
import { Listener } from "./listener";

/** How a command ended. */
export interface Ended {
    readonly status: number;
    /** Whether it was there and could be run at all. */
    readonly started: boolean;
    /** The user ended it. */
    readonly interrupted: boolean;
}

export interface RecordInput extends RehearsalOptions {
    readonly devDatabase: string;
    /** Roles without a login that are there from the start. */
    readonly roles: readonly string[];
    /** How often the command is run at most. */
    readonly attempts: number;
    /** Runs the command with a database at this address. */
    readonly run: (address: DatabaseAddress) => Promise<Ended>;
    /** Takes a line that tells the user what happens. */
    readonly tell: (line: string) => void;
}

export interface Recorded extends Ended {
    readonly upstreams: readonly Upstream[];
    /** Roles that are mentioned and not created. */
    readonly roles: readonly string[];
    readonly findings: readonly Finding[];
    /** How often the command ran. */
    readonly attempts: number;
    /** Another attempt would have found what the last one lacked. */
    readonly unfinished: boolean;
}

/**
 * Nothing can be made in the middle of somebody else's program: what it could not get is made after it has ended, and it
 * is run again.
 *
 * @returns undefined for a command that the user ended, or that could not be started.
 * @throws InputError when the image cannot be used.
 */
export async function record(docker: Docker, input: RecordInput): Promise<Recorded | undefined> {
    await loadParser();
    const server = await RehearsalServer.start(docker, input);
    try {
        return await recordOn(server, input);
    } finally {
        await server.end();
    }
}

async function recordOn(server: RehearsalServer, input: RecordInput): Promise<Recorded | undefined> {
    const { devDatabase, devUser } = input;
    const knowledge = noKnowledge(input.roles);
    const password = randomBytes(16).toString("hex");
    let current: Attempt | undefined;
    const listener = await Listener.start({
        enters: async (database) => current?.entrance.enters(database),
        connect: () => server.connect(),
    });
    const address = { host: "127.0.0.1", port: listener.port, user: devUser, password, database: devDatabase };
    try {
        let lesson: Lesson | undefined;
        for (let number = 1; ; number += 1) {
            const attempt = new Attempt(server, {
                devDatabase,
                devUser,
                stubs: lesson?.stubs ?? new Map(),
                knowledge,
            });
            try {
                await attempt.begin();
                current = attempt;
                const ended = await input.run(address);
                listener.drop();
                if (ended.interrupted || !ended.started) {
                    return undefined;
                }
                lesson = await attempt.learn();
                const again = lesson.news && (ended.status !== 0 || lesson.errors.length > 0);
                if (!again || number >= input.attempts) {
                    const roles = [...knowledge.roles.keys()];
                    return { ...recorded(ended, lesson, roles, input), attempts: number, unfinished: again };
                }
                input.tell(
                    `The command needed what was not there; it is there now, and the command runs again (${number + 1} of at most ${input.attempts}).`,
                );
            } finally {
                current = undefined;
                attempt.end();
            }
        }
    } finally {
        await listener.close();
    }
}

function recorded(
    ended: Ended,
    { result, errors, facts }: Lesson,
    roles: readonly string[],
    { devUser }: RecordInput,
): Omit<Recorded, "attempts" | "unfinished"> {
    const users = new Set(result.upstreams.flatMap((each) => each.users.map(({ name }) => name)));
    const failures = ended.status === 0 ? [] : errors;
    return {
        ...ended,
        upstreams: result.upstreams,
        roles: roles.filter((name) => !users.has(name) && name !== devUser).sort(),
        findings: [
            ...result.findings,
            ...failureFindings(failures, { strict: false, mappings: facts.mappings, devUser }).map(
                ({ file: _, line: __, ...finding }) => finding,
            ),
        ],
    };
}
