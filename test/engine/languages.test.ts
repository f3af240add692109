import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectDocker } from "../../docker/client";
import { LABEL } from "../../docker/labels";
import { REPOSITORY } from "../integration/support/package-files";
import { cliEnvironment, describeEngine } from "./support/cli";
import { rows } from "./support/scenario";

const LIMIT_MS = 400_000;

let root: string;
let plugin: string;

const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

function run(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
    const { status, stdout, stderr } = spawnSync(command, args, {
        cwd,
        encoding: "utf8",
        timeout: LIMIT_MS,
        env: {
            ...process.env,
            ...cliEnvironment(),
            PULUMI_BACKEND_URL: `file://${join(root, "state")}?metadata=skip`,
            ...env,
        },
    });
    expect(`${command} ${args.join(" ")}: ${status}\n${status === 0 ? "" : stdout + stderr}`).toBe(
        `${command} ${args.join(" ")}: 0\n`,
    );
    return stdout.trim();
}

/** What a language needs beside `pulumi package add`; where it is not there, why its example is not run. */
interface Language {
    readonly missing: () => string | undefined;
    readonly prepare: (directory: string) => Readonly<Record<string, string>>;
}

const add = (directory: string) => run("pulumi", ["package", "add", plugin], directory);

const LANGUAGES: Readonly<Record<string, Language>> = {
    typescript: {
        missing: () => undefined,
        // As npm would lay it out, without a registry.
        prepare: (directory) => {
            const modules = join(directory, "node_modules");
            mkdirSync(modules);
            symlinkSync(plugin, join(modules, "fdw-stub"));
            for (const name of ["@pulumi", "typescript"]) {
                symlinkSync(join(REPOSITORY, "node_modules", name), join(modules, name));
            }
            return {};
        },
    },
    yaml: {
        missing: () => (has("pulumi-language-yaml", "--help") ? undefined : "there is no pulumi-language-yaml"),
        prepare: (directory) => {
            add(directory);
            return {};
        },
    },
    go: {
        missing: () => (has("go", "version") ? undefined : "there is no go"),
        prepare: (directory) => {
            add(directory);
            run("go", ["mod", "tidy"], directory);
            return {};
        },
    },
    python: {
        // From a package index, which a machine may not reach: installed beforehand, by whoever wants this.
        missing: () => (has("python3", "-c", "import pulumi, setuptools") ? undefined : "there is no SDK for python3"),
        prepare: (directory) => {
            add(directory);
            return {};
        },
    },
};

describeEngine("programs in other languages", () => {
    beforeAll(() => {
        root = realpathSync(mkdtempSync(join(tmpdir(), "fdw-stub-languages-")));
        mkdirSync(join(root, "state"));
        plugin = REPOSITORY;
        run(process.execPath, ["bin/build.js", "--package"], REPOSITORY);
        cpSync(join(REPOSITORY, "examples"), join(root, "examples"), {
            recursive: true,
            filter: (source) => !/\/(?:schemas|node_modules|sdks|venv)$/.test(source),
        });
    }, LIMIT_MS);

    afterAll(async () => {
        const docker = await connectDocker();
        for (const { Id, Labels } of await docker.listContainers({ all: true })) {
            if (Labels[LABEL.directory]?.startsWith(root)) {
                await docker.getContainer(Id).remove({ force: true, v: true });
            }
        }
        rmSync(root, { recursive: true, force: true });
    }, LIMIT_MS);

    describe.each(Object.entries(LANGUAGES))("%s", (language, { missing, prepare }) => {
        const why = missing();
        const directory = () => join(root, "examples", language);

        test.skipIf(why !== undefined)(
            `makes every upstream answer${why === undefined ? "" : ` (${why})`}`,
            async () => {
                const env = prepare(directory());
                const pulumi = (...args: string[]) => run("pulumi", [...args, "--non-interactive"], directory(), env);
                pulumi("stack", "init", "dev");
                const preview = pulumi("preview");
                for (const child of ["Network", "Container", "Role", "Extension dev-upstream_db", "Database dev"]) {
                    expect(preview).toContain(child);
                }
                pulumi("up", "--yes", "--skip-preview");
                const secret = JSON.parse(pulumi("stack", "output", "--json"));
                expect(secret).toEqual({ devUrl: "[secret]" });
                const url = pulumi("stack", "output", "devUrl", "--show-secrets");
                await expect(rows(url, "SELECT count(*)::int AS n FROM events", "upstream_db")).resolves.toEqual([
                    { n: 0 },
                ]);
                // The stack is the project's, wherever the process runs that makes it.
                const command = join(REPOSITORY, "bin", "fdw-stub.js");
                expect(run(process.execPath, [command, "url"], directory())).toBe(url);
                expect(pulumi("up", "--yes", "--skip-preview")).toMatch(/\d+ unchanged/);
                pulumi("destroy", "--yes", "--skip-preview");
            },
            LIMIT_MS,
        );

        test("has ten lines or little more", () => {
            const main = { typescript: "index.ts", yaml: "Pulumi.yaml", go: "main.go", python: "__main__.py" }[
                language
            ];
            const file = join(REPOSITORY, "examples", language, main ?? "");
            expect(existsSync(file)).toBe(true);
            expect(readFileSync(file, "utf8").split("\n").length).toBeLessThan(24);
        });
    });
});
