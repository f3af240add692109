import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDocker } from "../../../docker/client";
import { LABEL } from "../../../docker/labels";
import { copyPackage } from "../../integration/support/package-files";
import { VolumeWatch } from "./volumes";

/** What a checkout left in Docker; empty lists when it cleaned up well. */
export interface Leftovers {
    readonly containers: readonly string[];
    readonly networks: readonly string[];
    readonly volumes: readonly string[];
}

/**
 * A copy of the program in a folder of its own. Because the folder is part of a stack's identity, nothing that
 * happens here can touch a stack of the repository's own folder.
 */
export class Checkout {
    private constructor(
        /** Real path of the folder of Pulumi.yaml. */
        readonly directory: string,
        /** Folder for the state. */
        readonly backend: string,
        private readonly root: string,
        private readonly volumes: VolumeWatch,
    ) {}

    static async create(): Promise<Checkout> {
        const root = realpathSync(mkdtempSync(join(tmpdir(), "fdw-stub-engine-")));
        const directory = join(root, "program");
        mkdirSync(directory);
        copyPackage(directory);
        const backend = join(root, "state");
        mkdirSync(backend);
        return new Checkout(directory, backend, root, await VolumeWatch.start(directory));
    }

    /** An empty folder for another state. */
    newBackend(): string {
        return mkdtempSync(join(this.root, "state-"));
    }

    private async objects() {
        const docker = await connectDocker();
        const filters = { label: [`${LABEL.directory}=${this.directory}`] };
        const [containers, networks, labelled, seen] = await Promise.all([
            docker.listContainers({ all: true, filters }),
            docker.listNetworks({ filters }),
            docker.listVolumes({ filters }),
            this.volumes.remaining(),
        ]);
        const volumes = [...new Set([...(labelled.Volumes ?? []).map((one) => one.Name), ...seen])];
        return { docker, containers, networks, volumes };
    }

    /** Sorted: Docker lists networks in no particular order. */
    async leftovers(): Promise<Leftovers> {
        const { containers, networks, volumes } = await this.objects();
        return {
            containers: containers.flatMap((one) => one.Names).sort(),
            networks: networks.map((one) => one.Name).sort(),
            volumes: volumes.sort(),
        };
    }

    /** Removes whatever is left, in Docker and on the disk. */
    async remove(): Promise<void> {
        const { docker, containers, networks, volumes } = await this.objects();
        await Promise.all(containers.map((one) => docker.getContainer(one.Id).remove({ force: true, v: true })));
        await Promise.all(networks.map((one) => docker.getNetwork(one.Id).remove()));
        await Promise.all(volumes.map((name) => docker.getVolume(name).remove()));
        this.volumes.stop();
        rmSync(this.root, { recursive: true, force: true });
    }
}

/** What a clean-up must come to. */
export const NOTHING: Leftovers = { containers: [], networks: [], volumes: [] };
