/**
 * Builds `dist/`: the library, the command, the checkout's Pulumi program, and, for a package, their types and the licences of what was bundled.
 * Bundled, because one file is there in a fraction of the time that 350 files take.
 *
 * Plain JavaScript: it runs before anything is compiled, in a checkout only (packages come built).
 */
const { createHash } = require("node:crypto");
const { execFileSync } = require("node:child_process");
const { mkdirSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { basename, join } = require("node:path");

const ROOT = realpathSync(join(__dirname, ".."));
const DIST = join(ROOT, "dist");
/** What the last build was made of: the names of its sources, and a digest of their content. */
const STAMP = join(DIST, "build.json");
const ENTRIES = {
    index: "components/index.ts",
    program: "index.ts",
    "fdw-stub": "cli/main.ts",
    "json-schema": "cli/json-schema.ts",
};
/** Found in node_modules when they are needed: peers, a library in WebAssembly, and what is loaded in parts. */
const EXTERNAL = ["@pulumi/*", "dockerode", "libpg-query", "tsx", "../index.js"];

function digest(files) {
    const hash = createHash("sha256");
    for (const file of files) {
        let content;
        try {
            content = readFileSync(join(ROOT, file));
        } catch {
            // Removed since: another state like any other.
            content = "";
        }
        hash.update(`\0${file}\0`).update(content);
    }
    return hash.digest("hex");
}

/** Whether `dist/` was made of the sources as they are now. By content: a file may come back with an older time. */
function isFresh() {
    try {
        const { sources, state } = JSON.parse(readFileSync(STAMP, "utf8"));
        return digest(sources) === state;
    } catch {
        return false;
    }
}

/** Another process reads the old content or the new one, never half of it. */
function writeWhole(file, content) {
    const part = `${file}.${process.pid}`;
    writeFileSync(part, content);
    renameSync(part, file);
}

/** Makes the JavaScript; takes well under a second. */
function buildJavaScript() {
    const { buildSync } = require("esbuild");
    mkdirSync(DIST, { recursive: true });
    const common = {
        absWorkingDir: ROOT,
        bundle: true,
        platform: "node",
        format: "cjs",
        target: "node20",
        sourcemap: "linked",
        sourcesContent: false,
        metafile: true,
        write: false,
        outdir: DIST,
        minifySyntax: true,
        minifyWhitespace: true,
        // A line is shown with an error in it.
        lineLimit: 200,
        logLevel: "warning",
    };
    const command = buildSync({
        ...common,
        entryPoints: { "fdw-stub": ENTRIES["fdw-stub"], "json-schema": ENTRIES["json-schema"] },
        external: EXTERNAL,
    });
    // Loaded into programs that have other things in node_modules: what it needs is installed beside it.
    const library = buildSync({
        ...common,
        entryPoints: { index: ENTRIES.index, program: ENTRIES.program },
        packages: "external",
    });
    const inputs = new Set([command, library].flatMap(({ metafile }) => Object.keys(metafile.inputs)));
    // Another process may build at the same time, so what is not to stay has a name of this one's own.
    const passing = join(DIST, `json-schema.${process.pid}.js`);
    for (const { path, contents } of [...command.outputFiles, ...library.outputFiles]) {
        if (!basename(path).startsWith("json-schema.js")) {
            writeWhole(path, contents);
        } else if (path.endsWith(".js")) {
            writeFileSync(passing, contents);
        }
    }
    try {
        writeWhole(join(DIST, "fdw-stub.schema.json"), execFileSync(process.execPath, [passing]));
    } finally {
        rmSync(passing, { force: true });
    }
    // Dependencies change with the lock file only.
    const own = [...inputs].filter((file) => !file.includes("node_modules/"));
    const sources = [...own, "bin/build.js", "package.json", "package-lock.json", "tsconfig.json"].sort();
    writeWhole(STAMP, JSON.stringify({ sources, state: digest(sources) }));
    return [...inputs].filter((file) => file.includes("node_modules/"));
}

/** The licences of the packages that stand in a bundle, as they ask for it. */
function writeLicences(bundled) {
    const packages = new Set(bundled.map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? ""));
    const texts = [...packages].sort().map((folder) => {
        const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
        const file = readdirSync(join(ROOT, folder)).find((one) => /^licen[cs]e/i.test(one));
        const text = file === undefined ? `Licence: ${license}` : readFileSync(join(ROOT, folder, file), "utf8");
        return `${name} ${version}\n\n${text.trim()}\n`;
    });
    writeWhole(join(DIST, "licences.txt"), texts.join(`\n${"-".repeat(80)}\n\n`));
}

function writeTypes() {
    rmSync(join(DIST, "types"), { recursive: true, force: true });
    const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", "dist/types"];
    const files = [ENTRIES.index];
    // Without a project file, which would name the tests too.
    const { compilerOptions } = JSON.parse(readFileSync(join(ROOT, "tsconfig.json"), "utf8"));
    const flags = Object.entries(compilerOptions)
        .filter(([name]) => name !== "noEmit")
        .flatMap(([name, value]) => [`--${name}`, Array.isArray(value) ? value.join(",") : String(value)]);
    const tsc = require.resolve("typescript/bin/tsc", { paths: [ROOT] });
    execFileSync(process.execPath, [tsc, ...flags, ...options, "--rootDir", ".", ...files], {
        cwd: ROOT,
        stdio: ["ignore", "inherit", "inherit"],
    });
}

/** Builds again where a source has changed since, so that what runs is always what stands in the checkout. */
function ensureBuilt() {
    if (isFresh()) {
        return;
    }
    try {
        buildJavaScript();
    } catch (error) {
        const missing = error?.code === "MODULE_NOT_FOUND";
        process.stderr.write(
            missing
                ? "fdw-stub: This checkout has changed since it was built, and esbuild, which builds it, is not installed. Run `npm ci`.\n"
                : "fdw-stub: This checkout has changed since it was built, and cannot be built as it is; the reason is above. Mend the source, or go back to a commit that builds.\n",
        );
        process.exit(1);
    }
}

module.exports = { ensureBuilt };

if (require.main === module) {
    const bundled = buildJavaScript();
    if (process.argv.includes("--package")) {
        writeLicences(bundled);
        writeTypes();
    }
}
