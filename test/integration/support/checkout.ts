import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { stringify } from "yaml";
import { z } from "zod";
import { connectDocker, unlessGone } from "../../../docker/client";
import { LABEL, type StackIdentity, stackName } from "../../../docker/labels";
import { findContainer, type ServerContainer } from "../../../docker/server";
import type { ConfigurationInput } from "../../../upstreams/parse";
import { copyPackage } from "./package-files";

const PROJECT = "fdw-stub";

/** A command that comes to no end is no use to a test. */
const LONGEST_RUN_MS = 100_000;

/** How a run of the CLI ended. */
export interface Run {
    /** Null when a signal ended it. */
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
    /** How long it took. */
    readonly milliseconds: number;
}

/** A run of the CLI that has not ended yet. */
export interface Running {
    readonly process: ChildProcess;
    readonly ended: Promise<Run>;
}

export interface RunOptions {
    readonly env?: Readonly<Record<string, string>>;
    /** Working directory; by default the checkout's. */
    readonly cwd?: string;
}

/** What a checkout has in Docker, by name. */
export interface Objects {
    readonly containers: readonly string[];
    readonly networks: readonly string[];
    readonly volumes: readonly string[];
}

/** What a clean-up must come to. */
export const NOTHING: Objects = { containers: [], networks: [], volumes: [] };

/** The smallest configuration that is any good. */
export const EVENTS: ConfigurationInput = {
    upstreams: [
        {
            host: "upstream_db",
            database: "upstream_db",
            tables: [{ name: "events", columns: [{ name: "id", type: "bigint" }], rows: [{ id: 1 }] }],
        },
    ],
};

const event = z.object({
    Type: z.string(),
    Action: z.string(),
    Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }),
});

/**
 * A copy of the program in a folder of its own, and the real CLI in it. Because the folder is part of a stack's
 * identity, nothing that happens here can touch a stack of the repository's own folder.
 */
export class Checkout {
    /** Objects that a test made beside the CLI, to be removed with everything else. */
    private readonly extras: Array<() => Promise<unknown>> = [];

    private constructor(
        /** Real path of the folder of Pulumi.yaml. */
        readonly directory: string,
        readonly docker: Docker,
    ) {}

    /** @param configuration Configuration of the stack `dev`; none leaves the stack without a file. */
    static async create(configuration?: ConfigurationInput): Promise<Checkout> {
        const docker = await connectDocker();
        const directory = realpathSync(mkdtempSync(join(tmpdir(), "fdw-stub-test-")));
        copyPackage(directory);
        const checkout = new Checkout(directory, docker);
        if (configuration !== undefined) {
            checkout.configure(configuration);
        }
        return checkout;
    }

    identity(stack = "dev"): StackIdentity {
        return { directory: this.directory, project: PROJECT, stack, component: PROJECT };
    }

    /** Name that the container, the network and the volume of a stack have. */
    objectName(stack = "dev"): string {
        return stackName(this.identity(stack));
    }

    /** Writes a file of the checkout. */
    write(file: string, content: string): void {
        writeFileSync(join(this.directory, file), content);
    }

    /** Writes a stack's configuration. It may be wrong on purpose, hence the loose type. */
    configure(configuration: Readonly<Record<string, unknown>> | ConfigurationInput, stack = "dev"): void {
        const config = Object.fromEntries(
            Object.entries(configuration).map(([key, value]) => [`${PROJECT}:${key}`, value]),
        );
        this.write(`Pulumi.${stack}.yaml`, stringify({ config }, { aliasDuplicateObjects: false }));
    }

    /** Starts `fdw-stub` with these arguments. */
    start(args: readonly string[], options: RunOptions = {}): Running {
        const began = Date.now();
        const child = spawn(process.execPath, [join(this.directory, "bin", "fdw-stub.js"), ...args], {
            cwd: options.cwd ?? this.directory,
            env: { ...process.env, CI: "1", ...options.env },
            stdio: ["ignore", "pipe", "pipe"],
            timeout: LONGEST_RUN_MS,
        });
        const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(
            ([stdout, stderr]): Run => ({ code: child.exitCode, stdout, stderr, milliseconds: Date.now() - began }),
        );
        return { process: child, ended };
    }

    /** Runs `fdw-stub` with these arguments to its end, whatever that is. */
    run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
        return this.start(args, options).ended;
    }

    /**
     * Runs `fdw-stub`, which must succeed.
     *
     * @throws with all that it printed when it does not.
     */
    async succeed(args: readonly string[], options: RunOptions = {}): Promise<Run> {
        const run = await this.run(args, options);
        if (run.code !== 0) {
            throw new Error(`fdw-stub ${args.join(" ")} ended with ${run.code}:\n${run.stdout}${run.stderr}`);
        }
        return run;
    }

    /** Brings a stack up and answers its dev URL. */
    async up(stack = "dev"): Promise<string> {
        await this.succeed(["up", "--stack", stack]);
        return this.url(stack);
    }

    async url(stack = "dev"): Promise<string> {
        return (await this.succeed(["url", "--stack", stack])).stdout.trim();
    }

    /** A stack's container. */
    async server(stack = "dev"): Promise<ServerContainer> {
        const found = await findContainer(this.docker, this.objectName(stack));
        if (found === undefined) {
            throw new Error(`There is no container ${this.objectName(stack)}.`);
        }
        return found;
    }

    /** Everything in Docker that carries this checkout's label. */
    async objects(): Promise<Objects> {
        const filters = { label: [`${LABEL.directory}=${this.directory}`] };
        const [containers, networks, { Volumes: volumes }] = await Promise.all([
            this.docker.listContainers({ all: true, filters }),
            this.docker.listNetworks({ filters }),
            this.docker.listVolumes({ filters }),
        ]);
        return {
            containers: containers.map((one) => (one.Names[0] ?? one.Id).replace(/^\//, "")).sort(),
            networks: networks.map((one) => one.Name).sort(),
            volumes: (volumes ?? []).map((one) => one.Name).sort(),
        };
    }

    /** What happened in Docker to anything of a stack since a moment, without its health checks. */
    async eventsSince(seconds: number, stack = "dev"): Promise<string[]> {
        const name = this.objectName(stack);
        const stream = await this.docker.getEvents({ since: seconds, until: Math.ceil(Date.now() / 1000) });
        if (!(stream instanceof Readable)) {
            throw new Error("Docker's events are no stream.");
        }
        return (
            (await text(stream))
                .split("\n")
                .filter((line) => line !== "")
                .map((line) => event.parse(JSON.parse(line)))
                .filter(({ Actor: { ID, Attributes } }) => ID === name || Attributes?.name === name)
                // A look at a file changes nothing.
                .filter(({ Action }) => !/^(?:exec_|health_status|archive-path)/.test(Action))
                .map(({ Type, Action }) => `${Type} ${Action}`)
        );
    }

    /** Lets `remove` undo something that a test did beside the CLI. */
    alsoRemove(removal: () => Promise<unknown>): void {
        this.extras.push(removal);
    }

    /** Removes whatever is left, in Docker and on the disk. */
    async remove(): Promise<void> {
        for (const removal of this.extras.reverse()) {
            await unlessGone(removal());
        }
        const { containers, networks, volumes } = await this.objects();
        for (const name of containers) {
            await unlessGone(this.docker.getContainer(name).remove({ force: true, v: true }));
        }
        for (const name of networks) {
            await unlessGone(this.docker.getNetwork(name).remove());
        }
        for (const name of volumes) {
            await unlessGone(this.docker.getVolume(name).remove());
        }
        rmSync(this.directory, { recursive: true, force: true });
    }
}
