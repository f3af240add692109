/**
 * Loads a program as one file, made of its sources and of what they import: read at once, with what V8 compiled of it,
 * it is there in a fraction of the time that 350 files take. The file is made again when a source, a dependency or Node
 * has changed, so what is changed in a checkout is still what runs. Where it cannot be made, the sources run as they are.
 *
 * Plain JavaScript: it runs before anything is compiled.
 */
const { createHash } = require("node:crypto");
const {
    mkdirSync,
    readFileSync,
    readdirSync,
    realpathSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");
const { Script } = require("node:vm");

const ROOT = realpathSync(join(__dirname, ".."));
/** Found in node_modules when they are needed. Most are only for runs that make something; the Docker client is put off in parts. */
const EXTERNAL = ["@pulumi/*", "dockerode", "libpg-query", "tsx"];

const CACHE = join(ROOT, "node_modules", ".cache", "fdw-stub");
/** More than one: checkouts that share node_modules, and a developer who goes back and forth. */
const KEPT = 4;

/** Names of what belongs to an entry: of "cli/main.ts" "cli-main". */
const nameOf = (entry) => entry.replace(/\.ts$/, "").replaceAll("/", "-");
/** The list of the sources that the newest file was made of. */
const manifestOf = (entry) => join(CACHE, `${nameOf(entry)}.json`);

function readIf(file) {
    try {
        return readFileSync(file);
    } catch {
        return undefined;
    }
}

/** Changes with every change of these files, and with Node. The same in every checkout that holds the same. */
function stateOf(files) {
    const hash = createHash("sha256").update(`${process.version} ${process.arch}`);
    for (const file of files) {
        hash.update(`\0${file}\0`).update(readIf(join(ROOT, file)) ?? "");
    }
    return hash.digest("hex").slice(0, 32);
}

/** Another process reads the old content or the new one, never half of it. */
function writeWhole(file, content) {
    const part = `${file}.${process.pid}`;
    writeFileSync(part, content);
    renameSync(part, file);
}

/** The program as the cache has it; undefined when it was made from other sources. */
function cached(entry) {
    const manifest = readIf(manifestOf(entry));
    if (manifest === undefined) {
        return undefined;
    }
    const state = stateOf(JSON.parse(manifest.toString()));
    const file = join(CACHE, `${nameOf(entry)}-${state}.js`);
    const source = readIf(file);
    return source === undefined ? undefined : { file, source: source.toString() };
}

function removeOld(entry) {
    const made = readdirSync(CACHE)
        .filter((file) => file.startsWith(`${nameOf(entry)}-`) && file.endsWith(".js"))
        .map((file) => ({ file, at: statSync(join(CACHE, file)).mtimeMs }))
        .sort((a, b) => b.at - a.at);
    for (const { file } of made.slice(KEPT)) {
        rmSync(join(CACHE, file), { force: true });
        rmSync(join(CACHE, file.replace(/js$/, "v8")), { force: true });
    }
}

function make(entry) {
    const { buildSync } = require("esbuild");
    const { metafile, outputFiles } = buildSync({
        entryPoints: [entry],
        absWorkingDir: ROOT,
        bundle: true,
        platform: "node",
        format: "cjs",
        target: `node${process.versions.node}`,
        external: EXTERNAL,
        metafile: true,
        write: false,
        logLevel: "silent",
    });
    // Dependencies change with the lock file only.
    const own = Object.keys(metafile.inputs).filter((file) => !file.includes("node_modules/"));
    const files = [...own, "package-lock.json", "tsconfig.json", "bin/bundle.js"].sort();
    const file = join(CACHE, `${nameOf(entry)}-${stateOf(files)}.js`);
    const source = outputFiles[0].text;
    mkdirSync(CACHE, { recursive: true });
    writeWhole(file, source);
    writeWhole(manifestOf(entry), JSON.stringify(files));
    removeOld(entry);
    return { file, source };
}

function run(entry, { file, source }) {
    // Where it would stand: sources find the repository's files from here, as from any folder of it.
    const filename = join(ROOT, "bin", `${nameOf(entry)}.js`);
    const compiled = file.replace(/js$/, "v8");
    const cachedData = readIf(compiled);
    const parameters = "exports, require, module, __filename, __dirname";
    const script = new Script(`(function (${parameters}) { ${source}\n})`, { filename, cachedData });
    const module = { exports: {} };
    script.runInThisContext()(module.exports, createRequire(filename), module, filename, __dirname);
    if (cachedData === undefined || script.cachedDataRejected) {
        // At the end, so that what ran is in it too.
        process.once("exit", () => {
            try {
                writeWhole(compiled, script.createCachedData());
            } catch {
                // Removed or made again meanwhile: the next run does it.
            }
        });
    }
    return module.exports;
}

/**
 * The exports of a TypeScript program of this repository.
 *
 * @param entry Its path from the root, with slashes.
 */
function load(entry) {
    let program;
    try {
        program = cached(entry);
    } catch {
        // Half a file, or somebody else's: it is made again.
    }
    try {
        program ??= make(entry);
    } catch {
        // A mistake in a source, which is better told by its own file, or a folder that cannot be written to.
        require("tsx/cjs/api").register();
        return require(join(ROOT, entry));
    }
    return run(entry, program);
}

module.exports = { ROOT, load };
