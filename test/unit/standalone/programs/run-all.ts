import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { dockerClient } from "../../../../docker/client";
import { runProgram } from "../../../../standalone/run";

/** After a failure the CLI cleans up; whatever the program still begins in that time would stay behind. */
const CLEANING_UP_MS = 300;

async function run(program: string, configuration: string, socket: string): Promise<unknown> {
    try {
        const outputs = await runProgram(
            {
                project: "tiny",
                stack: "test",
                configuration: JSON.parse(configuration),
                load: async () => ({ ...require(`./${program}`) }),
            },
            {
                docker: dockerClient({ host: `unix://${socket}`, source: "a test", isDefault: false }),
                labels: { made: "by a test" },
                progress: () => undefined,
                warn: () => undefined,
                kept: undefined,
                providers: new Map(),
            },
        );
        return { program, outputs };
    } catch (error) {
        const [name, message] = error instanceof Error ? [error.name, error.message] : [typeof error, String(error)];
        const at = Date.now();
        await sleep(CLEANING_UP_MS);
        return { program, error: { name, message, at } };
    }
}

/**
 * Runs programs of this folder one after the other, in a process apart from the test's: what a program leaves
 * unhandled is the process's business. Prints one line of JSON for each, and then ends by force, as the CLI does.
 */
async function main(configuration = "{}", socket = "", ...programs: string[]): Promise<void> {
    for (const program of programs) {
        writeSync(1, `${JSON.stringify(await run(program, configuration, socket))}\n`);
    }
    process.exit();
}

void main(...process.argv.slice(2));
