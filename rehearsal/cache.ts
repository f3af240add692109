/**
 * Results of rehearsals, kept outside of every checkout by the content of all that went in. A result holds for as long as
 * every look at the file system that its rehearsal took would see the same again.
 */

import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import type { FileSystem } from "../schema/read/filesystem";
import type { Inference } from "../schema/report";

/** Raised when results of older versions no longer hold. */
const FORMAT = 2;
/** Results that stay; the least recently used go. */
const KEPT = 200;

const look = z.tuple([z.enum(["kind", "list", "size", "read"]), z.string(), z.string()]);
type Look = z.output<typeof look>;

/** Written by this program only, so that its inside is taken as it is. */
const entry = z.object({ format: z.literal(FORMAT), looks: z.array(look), result: z.custom<Inference>() });

function digest(...parts: ReadonlyArray<string | Uint8Array>): string {
    const hash = createHash("sha256");
    for (const part of parts) {
        hash.update(part).update("\0");
    }
    return hash.digest("hex");
}

/** What one look at the file system sees, as a short text. */
async function see(fs: FileSystem, kind: Look[0], path: string): Promise<string> {
    try {
        switch (kind) {
            case "kind":
                return await fs.kind(path);
            case "list":
                return digest(...[...(await fs.list(path))].sort());
            case "size":
                return String(await fs.size(path));
            default:
                return digest(await fs.read(path));
        }
    } catch {
        return "error";
    }
}

/** A file system that remembers what was seen. */
export function recording(fs: FileSystem): { readonly fileSystem: FileSystem; looks(): Promise<Look[]> } {
    const seen = new Map<string, Look>();
    const note = (kind: Look[0], path: string) => {
        seen.set(`${kind}\0${path}`, [kind, path, ""]);
    };
    return {
        fileSystem: {
            kind: (path) => {
                note("kind", path);
                return fs.kind(path);
            },
            list: (path) => {
                note("list", path);
                return fs.list(path);
            },
            size: (path) => {
                note("size", path);
                return fs.size(path);
            },
            read: (path) => {
                note("read", path);
                return fs.read(path);
            },
        },
        looks: () =>
            Promise.all(
                [...seen.values()].map(async ([kind, path]): Promise<Look> => [kind, path, await see(fs, kind, path)]),
            ),
    };
}

/** The folder of the results: `FDW_STUB_CACHE`, or the user's cache folder. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
    const base =
        environment.XDG_CACHE_HOME ||
        (process.platform === "win32" ? environment.LOCALAPPDATA : undefined) ||
        join(homedir(), ".cache");
    return environment.FDW_STUB_CACHE || join(base, "fdw-stub", "rehearsals");
}

/** The name of a result: everything that went in but the files of the schema. */
export function cacheKey(input: unknown): string {
    return digest(JSON.stringify(input)).slice(0, 32);
}

/** The kept result, if all that it was made of is the same still. */
export async function recall(folder: string, key: string, fs: FileSystem): Promise<Inference | undefined> {
    const file = join(folder, `${key}.json`);
    let text: string;
    try {
        text = await readFile(file, "utf8");
    } catch {
        return undefined;
    }
    let json: unknown;
    try {
        json = JSON.parse(text);
    } catch {
        return undefined;
    }
    const kept = entry.safeParse(json);
    if (!kept.success) {
        return undefined;
    }
    const same = await Promise.all(
        kept.data.looks.map(async ([kind, path, was]) => (await see(fs, kind, path)) === was),
    );
    if (!same.every(Boolean)) {
        return undefined;
    }
    const now = new Date();
    await utimes(file, now, now).catch(() => undefined);
    return kept.data.result;
}

/** Keeps a result. Passwords of mappings are in it, so that only its owner may read it. A cache that cannot be written is no error. */
export async function keep(folder: string, key: string, looks: readonly Look[], result: Inference): Promise<void> {
    const part = join(folder, `${key}.${randomBytes(6).toString("hex")}.part`);
    try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(part, JSON.stringify({ format: FORMAT, looks, result }), { mode: 0o600, flag: "wx" });
        // In one step: two runs at once each leave a whole result.
        await rename(part, join(folder, `${key}.json`));
        await sweep(folder);
    } catch {
        await rm(part, { force: true }).catch(() => undefined);
    }
}

async function sweep(folder: string): Promise<void> {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
    if (names.length <= KEPT) {
        return;
    }
    const dated = await Promise.all(
        names.map(async (name) => ({
            name,
            time: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0,
        })),
    );
    const old = dated.sort((a, b) => b.time - a.time).slice(KEPT);
    await Promise.all(old.map(({ name }) => rm(join(folder, name), { force: true })));
}
