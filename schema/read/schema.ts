import type { Finding, Progress, ReadFile, Tool } from "../report";
import type { FileSystem } from "./filesystem";
import type { ReaderEvents } from "./statement";
import type { StandIn } from "./standins";
import { inferUpstreams } from "../infer";
export interface ReadResult { files: readonly ReadFile[]; findings: readonly Finding[]; standIns: ReadonlyMap<string, StandIn> }
export async function readSchema(input: { paths: readonly string[]; variables: Readonly<Record<string,string>>; defaults: Record<string,string>; tool?: Tool; fileSystem?: FileSystem; onProgress?: (p: Progress) => void }, events: Omit<ReaderEvents, "finding">): Promise<ReadResult> {
    const inf = await inferUpstreams({ paths: input.paths, variables: input.variables, ...(input.fileSystem ? {fileSystem: input.fileSystem}: {}) });
    let file = "";
    for (const s of inf.sources) {
        if (s.file !== file) { file = s.file; await events.session(file); }
        const words = s.sql.replace(/--.*/g, "").trim().split(/[\s(]+/).slice(0, 6).map((w) => w.toUpperCase());
        await events.statement({ ...s, words });
    }
    return { files: inf.files, findings: [], standIns: new Map() };
}
