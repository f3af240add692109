import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { z } from "zod";
import { connectDocker, statusCode } from "../../../docker/client";
import { LABEL } from "../../../docker/labels";

const createEvent = z.object({ id: z.string() });

/**
 * Remembers the volumes of every container that a checkout makes, also of those that live for a moment only.
 * Counting the volumes of the machine before and after would count those of everybody else too.
 */
export class VolumeWatch {
    private readonly names = new Set<string>();
    private readonly pending = new Set<Promise<void>>();

    private constructor(
        private readonly docker: Docker,
        private readonly events: Readable,
    ) {
        createInterface({ input: events }).on("line", (line) => {
            const look = this.remember(createEvent.parse(JSON.parse(line)).id).finally(() => this.pending.delete(look));
            this.pending.add(look);
        });
    }

    static async start(directory: string): Promise<VolumeWatch> {
        const docker = await connectDocker();
        const events = await docker.getEvents({
            filters: { type: ["container"], event: ["create"], label: [`${LABEL.directory}=${directory}`] },
        });
        if (!(events instanceof Readable)) {
            throw new Error("Docker's events are no stream that can be ended.");
        }
        return new VolumeWatch(docker, events);
    }

    private async remember(container: string): Promise<void> {
        try {
            const { Mounts } = await this.docker.getContainer(container).inspect();
            for (const { Type, Name } of Mounts) {
                if (Type === "volume" && Name !== undefined) {
                    this.names.add(Name);
                }
            }
        } catch (error) {
            // Gone already, and with it the chance to know.
            if (statusCode(error) !== 404) {
                throw error;
            }
        }
    }

    /** The volumes that still exist. */
    async remaining(): Promise<string[]> {
        await Promise.all(this.pending);
        const { Volumes } = await this.docker.listVolumes();
        return (
            (Volumes ?? [])
                // Those of initialised clusters are every stack's, and stay.
                .filter(({ Labels }) => Labels?.[LABEL.clusters] === undefined)
                .map((volume) => volume.Name)
                .filter((name) => this.names.has(name))
        );
    }

    stop(): void {
        this.events.destroy();
    }
}
