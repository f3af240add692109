import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LocalWorkspace, type OpMap, type Stack, type UpOptions } from "@pulumi/pulumi/automation";
import type Docker from "dockerode";
import { z } from "zod";
import { connectDocker } from "../../../docker/client";
import { type StackIdentity, stackName } from "../../../docker/labels";
import { findContainer, type ServerContainer } from "../../../docker/server";
import type { StubSummary } from "../../../server/summary";
import type { ConfigurationInput } from "../../../upstreams/parse";
import type { Checkout } from "./checkout";
import { cliEnvironment } from "./cli";
import { type Interrupted, killWhen } from "./kill";

const PROJECT = "fdw-stub";

const outputs = z.object({
    devUrl: z.object({ value: z.string(), secret: z.literal(true) }),
    networkDevUrl: z.object({ value: z.string(), secret: z.literal(true) }),
    containerName: z.object({ value: z.string(), secret: z.literal(false) }),
    networkName: z.object({ value: z.string(), secret: z.literal(false) }),
    stubs: z.object({ value: z.array(z.custom<StubSummary>()), secret: z.literal(false) }),
});

/** What the program exports. Which outputs are secret is checked on every `up`. */
export interface Outputs {
    readonly devUrl: string;
    readonly networkDevUrl: string;
    readonly containerName: string;
    readonly networkName: string;
    readonly stubs: readonly StubSummary[];
}

/** A run of `pulumi up`. */
export interface Up {
    /** Number of resources by what happened to them, for example `{ same: 12 }`. */
    readonly changes: OpMap;
    readonly outputs: Outputs;
    /** What the CLI printed. */
    readonly printed: string;
}

/** A stack in a checkout, driven by the real CLI. */
export class EngineStack {
    private constructor(
        readonly checkout: Checkout,
        readonly name: string,
        readonly backend: string,
        private readonly stack: Stack,
    ) {}

    /** @param backend Folder of the state; another than the checkout's own stands for a state that was lost. */
    static async create(checkout: Checkout, name = "dev", backend = checkout.backend): Promise<EngineStack> {
        const stack = await LocalWorkspace.createOrSelectStack(
            { stackName: name, workDir: checkout.directory },
            { envVars: { ...cliEnvironment(), PULUMI_BACKEND_URL: `file://${backend}?metadata=skip` } },
        );
        return new EngineStack(checkout, name, backend, stack);
    }

    get identity(): StackIdentity {
        return { directory: this.checkout.directory, project: PROJECT, stack: this.name, component: PROJECT };
    }

    /** Name that the container and the network must have. */
    get objectName(): string {
        return stackName(this.identity);
    }

    /** Writes the stack's configuration, as a user would edit the file. */
    async configure(configuration: ConfigurationInput): Promise<void> {
        const settings = await this.stack.workspace.stackSettings(this.name);
        const config = Object.fromEntries(
            Object.entries(configuration).map(([key, value]) => [`${PROJECT}:${key}`, value]),
        );
        await this.stack.workspace.saveStackSettings(this.name, { ...settings, config });
    }

    /** `pulumi config set --secret --path`. */
    setSecret(path: string, value: string): Promise<void> {
        return this.stack.setConfig(`${PROJECT}:${path}`, { value, secret: true }, true);
    }

    async up(options: UpOptions = {}): Promise<Up> {
        const result = await this.stack.up(options);
        const exported = outputs.parse(result.outputs);
        return {
            changes: result.summary.resourceChanges ?? {},
            outputs: {
                devUrl: exported.devUrl.value,
                networkDevUrl: exported.networkDevUrl.value,
                containerName: exported.containerName.value,
                networkName: exported.networkName.value,
                stubs: exported.stubs.value,
            },
            printed: result.stdout + result.stderr,
        };
    }

    async preview(): Promise<OpMap> {
        return (await this.stack.preview()).changeSummary;
    }

    /** What `pulumi preview --diff` prints. */
    async previewedDiff(): Promise<string> {
        return (await this.stack.preview({ diff: true })).stdout;
    }

    async refresh(): Promise<void> {
        await this.stack.refresh();
    }

    async destroy(): Promise<void> {
        await this.stack.destroy();
    }

    /** `pulumi cancel`, which removes the lock of a killed run. */
    async cancel(): Promise<void> {
        await this.stack.cancel();
    }

    /** Does something while no Docker engine answers. */
    async withoutDocker<T>(work: () => Promise<T>): Promise<T> {
        this.stack.workspace.envVars.DOCKER_HOST = "unix:///nonexistent/docker.sock";
        try {
            return await work();
        } finally {
            delete this.stack.workspace.envVars.DOCKER_HOST;
        }
    }

    /** Starts `pulumi up` and kills it, without any chance to clean up, as soon as `moment` says so. */
    upKilledWhen(
        moment: (docker: Docker) => Promise<boolean>,
        whom: "the CLI alone" | "all its processes",
    ): Promise<Interrupted> {
        const cli = spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", this.name], {
            cwd: this.checkout.directory,
            env: { ...process.env, ...this.stack.workspace.envVars },
            stdio: ["ignore", "pipe", "pipe"],
        });
        return killWhen(cli, moment, whom);
    }

    /** The state as it lies on the disk. */
    stateFile(): string {
        return readFileSync(join(this.backend, ".pulumi", "stacks", PROJECT, `${this.name}.json`), "utf8");
    }

    /** Types of the resources that the state knows, without the stack itself. */
    async resourceTypes(): Promise<string[]> {
        const state = z
            .object({ resources: z.array(z.object({ type: z.string() })).default([]) })
            .parse((await this.stack.exportStack()).deployment);
        return state.resources.map((one) => one.type).filter((type) => type !== "pulumi:pulumi:Stack");
    }

    /** Takes the resources of a type out of the state, and leaves what they stand for: as a killed run would. */
    async forget(type: string): Promise<void> {
        const state = await this.stack.exportStack();
        const { resources, ...rest } = z
            .looseObject({ resources: z.array(z.looseObject({ type: z.string() })) })
            .parse(state.deployment);
        await this.stack.importStack({
            ...state,
            deployment: { ...rest, resources: resources.filter((one) => one.type !== type) },
        });
    }

    async containerIfThere(): Promise<ServerContainer | undefined> {
        return findContainer(await connectDocker(), this.objectName);
    }

    /** The stack's container. */
    async container(): Promise<ServerContainer> {
        const found = await this.containerIfThere();
        if (found === undefined) {
            throw new Error(`There is no container ${this.objectName}.`);
        }
        return found;
    }
}
