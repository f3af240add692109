/** A process that rehearses a schema that does not end: endless.ts IMAGE. It says `running` when its statement runs. */

import { connectDocker } from "../../../docker/client";
import { rehearse } from "../../../rehearsal/rehearse";
import { memoryFileSystem } from "../../memory-files";

async function main(image: string): Promise<void> {
    await rehearse(await connectDocker(), {
        image,
        devUser: "postgres",
        settings: {},
        paths: ["s.sql"],
        variables: {},
        devDatabase: "dev",
        declared: [],
        roles: [],
        baseline: [],
        strict: false,
        fileSystem: memoryFileSystem({ "s.sql": "SELECT pg_sleep(1000);" }),
        onProgress: () => console.log("running"),
        final: async () => {
            throw new Error("The statement ended.");
        },
    });
}

main(process.argv[2] ?? "").catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
});
