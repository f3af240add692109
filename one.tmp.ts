import { finalServer } from "./components/derive";
import { connectDocker } from "./docker/client";
import { RehearsalServer } from "./rehearsal/container";
import { execOutput } from "./rehearsal/exec";
import { rehearseOn } from "./rehearsal/rehearse";
import { parseConfiguration } from "./upstreams/parse";

async function main() {
    const docker = await connectDocker();
    const options = { image: "fdw-stub/postgres-stand-in:18", devUser: "postgres", settings: {} };
    const server = await RehearsalServer.start(docker, options);
    const paths = process.argv.slice(2);
    const configuration = parseConfiguration({ schema: [...paths] });
    try {
        const r = await rehearseOn(server, {
            ...options,
            paths,
            variables: {},
            devDatabase: "dev",
            declared: [],
            roles: [],
            baseline: [],
            strict: false,
            final: (u, ro) => finalServer(configuration, u, ro, process.cwd()),
        });
        console.log(r.ran, JSON.stringify(r.upstreams, null, 1), r.findings);
    } catch (e) {
        console.log("THROWN", e);
        console.log(
            await execOutput(server.container, [
                "sh",
                "-c",
                "tail -30 /rehearsal/log; ls /rehearsal /fdw-stub; cat /fdw-stub/relays /fdw-stub/pg_hba.conf; ps aux 2>/dev/null | tail -20",
            ]),
        );
    }
    await server.end();
}
main();
