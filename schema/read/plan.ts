/** Turns the given paths into the ordered list of files to read: which tool wrote a folder, and what that tool would run. */

import { parse as parseYaml } from "yaml";
import type { Finding, Tool } from "../report";
import { decode } from "./decode";
import type { FileSystem } from "./filesystem";
import { byteOrder, flywayName, naturalOrder, sqitchChanges, versionOrder } from "./order";
import { normalise } from "./paths";
import { isCheckpoint } from "./sections";

export interface PlannedFile {
    readonly file: string;
    readonly tool: Tool;
    /** The path it was found under: where `\i` looks too. */
    readonly root: string;
}

export interface Plan {
    readonly files: readonly PlannedFile[];
    readonly findings: readonly Finding[];
}

const SQL_NAME = /\.(?:sql|psql|pgsql|ddl)(?:\.(?:tmpl|tpl|j2|jinja2?|erb|in|template|dist|envsubst))?$/i;
const SKIPPED_FOLDERS = new Set(["node_modules", "down", "rollback", "rollbacks", "revert", "undo"]);
/** Names of files that undo or tear down, which nobody runs on the way up. */
const UNDOING =
    /^(?:.*[._-])?(?:down|undo|rollback|revert)\.sql$|^(?:drop|teardown|uninstall|rollback|undo|revert)(?:[._-].*)?\.sql$/i;
const MAX_FILES = 100_000;

function join(folder: string, name: string): string {
    return folder === "" || folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

function nameOf(path: string): string {
    return path.slice(path.lastIndexOf("/") + 1);
}

interface Entry {
    readonly path: string;
    readonly name: string;
}

class Planner {
    readonly files: PlannedFile[] = [];
    readonly findings: Finding[] = [];
    private readonly taken = new Set<string>();

    constructor(
        private readonly fs: FileSystem,
        private readonly override: Tool | undefined,
    ) {}

    note(severity: Finding["severity"], code: string, message: string, file: string): void {
        // A folder may be looked into twice.
        if (!this.findings.some((each) => each.code === code && each.message === message)) {
            this.findings.push({ severity, code, message, file });
        }
    }

    private add(file: string, tool: Tool, root: string): void {
        if (!this.taken.has(file)) {
            this.taken.add(file);
            this.files.push({ file, tool, root });
        }
    }

    private async text(file: string): Promise<string> {
        try {
            return decode(await this.fs.read(file)).text;
        } catch {
            return "";
        }
    }

    async path(path: string): Promise<void> {
        const kind = await this.fs.kind(path);
        if (kind === "missing") {
            this.note(
                "error",
                "path-missing",
                `The schema path ${JSON.stringify(path)} does not exist. Give a SQL file or a folder of SQL files.`,
                path,
            );
            return;
        }
        if (kind === "file") {
            await this.singleFile(path);
            return;
        }
        const before = this.files.length;
        await this.folder(path.replace(/(.)\/+$/, "$1"), path, 0);
        if (this.files.length === before) {
            this.note("error", "path-empty", `The folder ${JSON.stringify(path)} holds no SQL file to read.`, path);
        }
    }

    private async singleFile(path: string): Promise<void> {
        const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
        if (nameOf(path) === "sqitch.plan") {
            await this.sqitch(folder, path);
        } else if (/changelog.*\.(?:ya?ml|json|xml)$/i.test(nameOf(path))) {
            await this.changelog(path, folder, 0);
        } else {
            this.add(path, this.override ?? "plain", folder);
        }
    }

    private async folder(folder: string, root: string, depth: number): Promise<void> {
        if (depth > 20 || this.files.length > MAX_FILES) {
            return;
        }
        const { names, files, folders } = await this.entries(folder);
        if ((this.override ?? "sqitch") === "sqitch" && names.includes("sqitch.plan")) {
            return this.sqitch(folder, root);
        }
        const tool = this.override ?? detect(names, files);
        switch (tool) {
            case "atlas":
                return this.atlas(files, root);
            case "golang-migrate":
                this.golangMigrate(files, root);
                return this.plain([], folders, tool, root, depth);
            case "flyway":
                return this.flyway(folder, root, files, folders, depth);
            case "rails":
                for (const entry of files.filter(({ name }) => /structure\.sql$/.test(name)).sort(byName)) {
                    this.add(entry.path, "rails", root);
                }
                return;
            case "liquibase": {
                const master = names
                    .filter((name) => !name.startsWith(".") && /changelog.*\.(?:ya?ml|json|xml)$/i.test(name))
                    .sort((a, b) => Number(/master|root/i.test(b)) - Number(/master|root/i.test(a)))[0];
                if (master !== undefined) {
                    return this.changelog(join(folder, master), folder, 0);
                }
                break;
            }
            default:
                break;
        }
        await this.plain(files, folders, tool, root, depth);
    }

    /** What a folder holds: all names, and the SQL files and folders that may be read. */
    private async entries(folder: string): Promise<{ names: readonly string[]; files: Entry[]; folders: Entry[] }> {
        const names = await this.fs.list(folder);
        const folders: Entry[] = [];
        const files: Entry[] = [];
        for (const name of names.filter((each) => !each.startsWith("."))) {
            const path = join(folder, name);
            if ((await this.fs.kind(path)) === "folder") {
                if (!SKIPPED_FOLDERS.has(name.toLowerCase())) {
                    folders.push({ path, name });
                }
            } else if (SQL_NAME.test(name)) {
                files.push({ path, name });
            } else if (/\.sql\.(?:gz|zst|bz2|xz)$|\.dump$/i.test(name)) {
                this.note("warning", "file-compressed", `${path} is not read: unpack it first.`, path);
            }
        }
        return { names, files, folders };
    }

    /** Files and folders in one order, by their names; files that another one includes run there. */
    private async plain(files: Entry[], folders: Entry[], tool: Tool, root: string, depth: number): Promise<void> {
        const kept = files.filter((entry) => {
            const undoes = UNDOING.test(entry.name) && !/up\.sql$/i.test(entry.name);
            if (undoes) {
                this.note(
                    "note",
                    "file-skipped",
                    `${entry.path} is not read: its name says that it undoes.`,
                    entry.path,
                );
            }
            return !undoes;
        });
        const included = new Set<string>();
        if (kept.length <= 2000) {
            for (const entry of kept) {
                for (const path of includesOf(await this.text(entry.path))) {
                    const folder = entry.path.slice(0, entry.path.length - entry.name.length);
                    for (const candidate of [
                        normalise(`${folder}${path}`),
                        normalise(join(root, path)),
                        normalise(path),
                    ]) {
                        included.add(candidate);
                    }
                }
            }
        }
        const all = [
            ...kept.filter(({ path }) => !included.has(normalise(path))).map((entry) => ({ ...entry, folder: false })),
            ...folders.map((entry) => ({ ...entry, folder: true })),
        ].sort(byName);
        for (const entry of all) {
            if (!entry.folder) {
                this.add(entry.path, tool, root);
            } else if (![...included].some((path) => path.startsWith(`${normalise(entry.path)}/`))) {
                await this.folder(entry.path, root, depth + 1);
            }
        }
    }

    private golangMigrate(files: Entry[], root: string): void {
        for (const entry of [...files].sort(byName)) {
            if (/\.up\.sql$/i.test(entry.name)) {
                this.add(entry.path, "golang-migrate", root);
            } else if (!/\.down\.sql$/i.test(entry.name)) {
                this.note(
                    "note",
                    "file-skipped",
                    `${entry.path} is not read: beside .up.sql files it is no migration.`,
                    entry.path,
                );
            }
        }
    }

    private async atlas(files: Entry[], root: string): Promise<void> {
        const ordered = files.sort((a, b) => byteOrder(a.name, b.name));
        let from = 0;
        for (const [index, entry] of ordered.entries()) {
            if (isCheckpoint(await this.text(entry.path))) {
                from = index;
            }
        }
        for (const entry of ordered.slice(from)) {
            this.add(entry.path, "atlas", root);
        }
    }

    /** All versions below a folder are one sequence, unless two of them are the same: then each folder is its own. */
    private async flyway(folder: string, root: string, files: Entry[], folders: Entry[], depth: number): Promise<void> {
        const below = await this.sqlBelow(folders, depth);
        const versions = [...files, ...below]
            .map(({ name }) => flywayName(name))
            .filter((name) => name?.kind === "version")
            .map((name) => name?.version.join("."));
        const separate = new Set(versions).size !== versions.length;
        const all = separate ? files : [...files, ...below];
        const named = all.map((entry) => ({ entry, flyway: flywayName(entry.name) }));
        const baseline = named
            .filter(({ flyway }) => flyway?.kind === "baseline")
            .sort((a, b) => versionOrder(b.flyway?.version ?? [], a.flyway?.version ?? []))[0];
        const callback = (name: string) => all.filter((entry) => entry.name === `${name}.sql`);
        const run = (entries: readonly Entry[]) => {
            for (const entry of entries) {
                this.add(entry.path, "flyway", root);
            }
        };
        run(callback("beforeMigrate"));
        if (baseline !== undefined) {
            run([baseline.entry]);
        }
        const floor = baseline?.flyway?.version;
        const ordered = named
            .filter(({ flyway }) => flyway?.kind === "version")
            .filter(({ flyway }) => floor === undefined || versionOrder(flyway?.version ?? [], floor) > 0)
            .sort((a, b) => versionOrder(a.flyway?.version ?? [], b.flyway?.version ?? []));
        run(ordered.map(({ entry }) => entry));
        const repeatable = named
            .filter(({ flyway }) => flyway?.kind === "repeatable")
            .sort((a, b) => byteOrder(a.flyway?.description ?? "", b.flyway?.description ?? ""));
        run(repeatable.map(({ entry }) => entry));
        run(callback("afterMigrate"));
        for (const { entry, flyway } of named) {
            if (flyway === undefined && !/^(?:before|after)[A-Z]/.test(entry.name)) {
                this.note(
                    "note",
                    "file-skipped",
                    `${entry.path} is not read: beside V__ files it is no migration.`,
                    entry.path,
                );
            }
        }
        if (separate) {
            await this.plain([], folders, "flyway", root, depth);
        } else if (ordered.length === 0 && repeatable.length === 0 && baseline === undefined) {
            this.note("warning", "flyway-empty", `The folder ${folder} holds no Flyway migration.`, folder);
        }
    }

    private async sqlBelow(within: readonly Entry[], depth: number): Promise<Entry[]> {
        const found: Entry[] = [];
        for (const { path } of depth > 20 ? [] : within) {
            const { files, folders } = await this.entries(path);
            found.push(...files, ...(await this.sqlBelow(folders, depth + 1)));
        }
        return found;
    }

    private async sqitch(folder: string, root: string): Promise<void> {
        const plan = await this.text(join(folder, "sqitch.plan"));
        const conf = await this.text(join(folder, "sqitch.conf"));
        const deploy = /^\s*deploy_dir\s*=\s*(.+?)\s*$/m.exec(conf)?.[1];
        const top = /^\s*top_dir\s*=\s*(.+?)\s*$/m.exec(conf)?.[1] ?? ".";
        const base = deploy ?? (top === "." ? "deploy" : `${top}/deploy`);
        for (const change of sqitchChanges(plan)) {
            const path = normalise(join(join(folder, base), change));
            if ((await this.fs.kind(path)) === "file") {
                this.add(path, "sqitch", root);
            } else {
                this.note("error", "file-missing", `sqitch.plan names ${change}, and ${path} does not exist.`, path);
            }
        }
    }

    /** Follows `include` and `includeAll` of a Liquibase changelog to formatted SQL files. */
    private async changelog(path: string, root: string, depth: number): Promise<void> {
        const text = await this.text(path);
        const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
        const includes = /\.xml$/i.test(path) ? xmlIncludes(text) : yamlIncludes(text);
        if (includes === undefined || depth > 10) {
            this.note("error", "changelog-unreadable", `The changelog ${path} cannot be read as YAML or JSON.`, path);
            return;
        }
        if (includes.own) {
            this.note(
                "warning",
                "changelog-changes",
                `${path} has changes written in its own format; only formatted SQL files are read.`,
                path,
            );
        }
        for (const { target, all } of includes.targets) {
            const clean = target.replace(/^classpath:\/?/, "");
            const parents = folder.split("/").map((_, index, parts) => parts.slice(0, index).join("/"));
            const candidates = [join(folder, clean), ...parents.reverse().map((parent) => join(parent, clean)), clean];
            let found: string | undefined;
            for (const candidate of candidates) {
                if (found === undefined && (await this.fs.kind(normalise(candidate))) === (all ? "folder" : "file")) {
                    found = normalise(candidate);
                }
            }
            if (found === undefined) {
                this.note("error", "file-missing", `${path} includes ${target}, which does not exist.`, path);
            } else if (all) {
                for (const name of [...(await this.fs.list(found))].sort(byteOrder)) {
                    await this.included(join(found, name), root, depth);
                }
            } else {
                await this.included(found, root, depth);
            }
        }
    }

    private async included(path: string, root: string, depth: number): Promise<void> {
        if (/\.(?:ya?ml|json|xml)$/i.test(path)) {
            await this.changelog(path, root, depth + 1);
        } else if (SQL_NAME.test(path)) {
            this.add(path, "liquibase", root);
        }
    }
}

interface Includes {
    readonly targets: ReadonlyArray<{ target: string; all: boolean }>;
    /** It has changes of its own, which are not SQL. */
    readonly own: boolean;
}

function yamlIncludes(text: string): Includes | undefined {
    let parsed: unknown;
    try {
        parsed = parseYaml(text, { logLevel: "error" });
    } catch {
        return undefined;
    }
    const targets: Array<{ target: string; all: boolean }> = [];
    let own = false;
    const log = field(parsed, "databaseChangeLog");
    for (const item of Array.isArray(log) ? log : []) {
        const file = field(field(item, "include"), "file");
        const path = field(field(item, "includeAll"), "path");
        own ||= field(item, "changeSet") !== undefined;
        if (typeof file === "string") {
            targets.push({ target: file, all: false });
        }
        if (typeof path === "string") {
            targets.push({ target: path, all: true });
        }
    }
    return { targets, own };
}

function field(value: unknown, name: string): unknown {
    return typeof value === "object" && value !== null && name in value ? Reflect.get(value, name) : undefined;
}

function xmlIncludes(text: string): Includes {
    const bare = text.replace(/<!--[\s\S]*?-->/g, "");
    const targets = [...bare.matchAll(/<(include|includeAll|sqlFile)\b[^>]*?\b(?:file|path)\s*=\s*"([^"]*)"/g)].map(
        (hit) => ({
            target: hit[2] ?? "",
            all: hit[1] === "includeAll",
        }),
    );
    return { targets, own: /<changeSet\b/.test(bare) };
}

function byName(a: { name: string }, b: { name: string }): number {
    return naturalOrder(a.name, b.name);
}

/** Paths that `\i` and `\ir` name, as far as they are written out. */
function includesOf(text: string): string[] {
    return [...text.matchAll(/^[ \t]*\\(?:i|ir|include|include_relative)\s+'?([^\s';]+)'?/gm)]
        .map((hit) => hit[1] ?? "")
        .filter((path) => !path.includes(":"));
}

function detect(names: readonly string[], files: readonly Entry[]): Tool {
    if (files.some(({ name }) => /\.up\.sql$/i.test(name))) {
        return "golang-migrate";
    }
    if (files.some(({ name }) => ["version", "baseline"].includes(flywayName(name)?.kind ?? ""))) {
        return "flyway";
    }
    if (names.includes("atlas.sum")) {
        return "atlas";
    }
    if (names.some((name) => /^(?:db\.)?changelog.*\.(?:ya?ml|json|xml)$/i.test(name))) {
        return "liquibase";
    }
    if (names.includes("structure.sql") && (names.includes("migrate") || names.includes("schema_migrations"))) {
        return "rails";
    }
    return "plain";
}

export async function planFiles(paths: readonly string[], fs: FileSystem, override?: Tool): Promise<Plan> {
    const planner = new Planner(fs, override);
    for (const path of paths) {
        await planner.path(path);
    }
    return { files: planner.files, findings: planner.findings };
}
