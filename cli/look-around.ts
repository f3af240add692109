import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Tool } from "../schema";
import { nodeFileSystem } from "../schema/read/filesystem";
import { planFiles } from "../schema/read/plan";

/** A folder or file that looks like a schema. */
export interface Candidate {
    /** Path from the repository's root, with slashes. */
    readonly path: string;
    /** The tool that its files are made for. */
    readonly tool: Tool;
    /** How many files that tool would run. */
    readonly files: number;
    /** Names of the foreign servers that the files create. */
    readonly servers: readonly string[];
    /** Whether the files connect to somewhere else in any way: foreign servers, `dblink`. */
    readonly connects: boolean;
}

/** What a repository has of what matters here. */
export interface Surroundings {
    /** Those that connect first, then those with more files. */
    readonly candidates: readonly Candidate[];
    /** Paths of Atlas's configuration files. */
    readonly atlas: readonly string[];
}

/** Folders that hold no schema of the repository's own. */
const SKIPPED =
    /^(?:\..*|node_modules|vendor|dist|build|target|out|coverage|venv|__pycache__|tests?|testdata|spec|fixtures|examples?)$/i;
const SQL = /\.(?:sql|psql|pgsql)$/i;
/** Deeper ones are a package's own, or nobody's. */
const MAX_DEPTH = 8;
/** More would be no repository of somebody's own. */
const MAX_FOLDERS = 20_000;
/** Enough of a file to see what it is about. */
const MAX_BYTES = 2_000_000;

interface Folder {
    readonly path: string;
    readonly names: readonly string[];
}

function folders(root: string): Folder[] {
    const found: Folder[] = [];
    const walk = (path: string, depth: number) => {
        if (depth > MAX_DEPTH || found.length >= MAX_FOLDERS) {
            return;
        }
        let entries: Array<{ name: string; isFolder: boolean }>;
        try {
            entries = readdirSync(join(root, path), { withFileTypes: true })
                .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
                .sort((a, b) => (a.name < b.name ? -1 : 1));
        } catch {
            // A folder that may not be read holds nothing for us.
            return;
        }
        found.push({ path, names: entries.filter(({ isFolder }) => !isFolder).map(({ name }) => name) });
        for (const { name } of entries.filter(({ isFolder }) => isFolder)) {
            if (!SKIPPED.test(name)) {
                walk(path === "" ? name : `${path}/${name}`, depth + 1);
            }
        }
    };
    walk("", 0);
    return found;
}

/** Where a tool keeps its files in folders of their own below it, the folder that it is given. */
function startOf({ path, names }: Folder, all: readonly Folder[]): string | undefined {
    const changelog = names.find((name) => /changelog.*\.(?:ya?ml|json|xml)$/i.test(name));
    if (changelog !== undefined) {
        return path === "" ? changelog : `${path}/${changelog}`;
    }
    if (names.includes("sqitch.plan")) {
        return path === "" ? "." : path;
    }
    if (names.includes("structure.sql")) {
        // Rails: the dump is the schema, and what lies below it are the migrations that led to it.
        return path === "" ? "structure.sql" : `${path}/structure.sql`;
    }
    if (!names.some((name) => SQL.test(name))) {
        return undefined;
    }
    const inside = all.some(
        (other) =>
            other.path !== path &&
            (other.path === "" || path.startsWith(`${other.path}/`)) &&
            other.names.some((name) => name === "sqitch.plan" || /changelog.*\.(?:ya?ml|json|xml)$/i.test(name)),
    );
    return inside ? undefined : path === "" ? "." : path;
}

const SERVER = /\bCREATE\s+SERVER\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"((?:[^"]|"")+)"|([\w$.{}-]+))/gi;
const CONNECTS = /\bpostgres_fdw\b|\bCREATE\s+(?:SERVER|FOREIGN\s+TABLE)\b|\bIMPORT\s+FOREIGN\s+SCHEMA\b|\bdblink\b/i;

function textOf(file: string): string {
    try {
        return statSync(file).size > MAX_BYTES ? "" : readFileSync(file, "utf8");
    } catch {
        return "";
    }
}

async function examine(root: string, path: string): Promise<Candidate | undefined> {
    const plan = await planFiles([join(root, path)], nodeFileSystem);
    const [first] = plan.files;
    if (first === undefined) {
        return undefined;
    }
    const texts = plan.files.map(({ file }) => textOf(file).replace(/--.*$/gm, ""));
    const servers = texts.flatMap((text) =>
        [...text.matchAll(SERVER)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? ""),
    );
    return {
        path,
        tool: first.tool,
        files: plan.files.length,
        servers: [...new Set(servers)],
        connects: texts.some((text) => CONNECTS.test(text)),
    };
}

/** Looks for schemas in a repository: what is there, for which tool, and what it says of foreign servers. Changes nothing. */
export async function lookAround(root: string): Promise<Surroundings> {
    const all = folders(root);
    const starts = all.flatMap((folder) => startOf(folder, all) ?? []);
    const outermost = starts.filter(
        (path) => !starts.some((other) => other !== path && other !== "." && path.startsWith(`${other}/`)),
    );
    const found = await Promise.all(outermost.map((path) => examine(root, path)));
    const candidates = found
        .flatMap((one) => (one === undefined ? [] : [one]))
        .sort((a, b) => Number(b.connects) - Number(a.connects) || b.files - a.files || (a.path < b.path ? -1 : 1));
    const atlas = all.flatMap(({ path, names }) =>
        names.filter((name) => name === "atlas.hcl").map((name) => (path === "" ? name : `${path}/${name}`)),
    );
    return { candidates, atlas };
}
