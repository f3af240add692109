/** An event in the answer to a pull; Docker sends one JSON object per line. */
export interface PullEvent {
    readonly id?: string;
    readonly status?: string;
    readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

/** How far a pull is. */
export interface PullProgress {
    /** Bytes downloaded so far. */
    readonly bytes: number;
    /** Bytes of the layers whose size is known so far; grows as layers are started. */
    readonly totalBytes: number;
    /** Layers that are unpacked. */
    readonly layersDone: number;
    readonly layers: number;
}

interface Layer {
    bytes: number;
    totalBytes: number;
    done: boolean;
}

/** Sums the events of one pull. Returns a function that takes an event and gives the state after it. */
export function pullProgress(): (event: PullEvent) => PullProgress {
    const layers = new Map<string, Layer>();
    return ({ id, status = "", progressDetail }) => {
        // "Pulling from library/postgres" carries the tag as its id; layers announce themselves with "Pulling fs layer".
        if (id !== undefined && !status.startsWith("Pulling from")) {
            const layer = layers.get(id) ?? { bytes: 0, totalBytes: 0, done: false };
            layers.set(id, layer);
            if (status === "Downloading") {
                layer.totalBytes = Math.max(layer.totalBytes, progressDetail?.total ?? 0);
                // A retry starts from zero; what is shown never goes back.
                layer.bytes = Math.max(layer.bytes, progressDetail?.current ?? 0);
            } else if (["Download complete", "Extracting", "Pull complete", "Already exists"].includes(status)) {
                layer.bytes = layer.totalBytes;
                layer.done ||= status === "Pull complete" || status === "Already exists";
            }
        }
        const all = [...layers.values()];
        return {
            bytes: all.reduce((sum, layer) => sum + layer.bytes, 0),
            totalBytes: all.reduce((sum, layer) => sum + layer.totalBytes, 0),
            layersDone: all.filter((layer) => layer.done).length,
            layers: all.length,
        };
    };
}
