/**
 * Puts off loading parts of our dependencies that nothing here uses, until something does. The Pulumi SDK loads a
 * TypeScript compiler and the whole of npm at its start, which only the serialization of functions (dynamic providers,
 * lambdas) needs; the Docker client an SSH client and gRPC, which only an engine behind ssh:// and builds with BuildKit
 * need. They are three quarters of all that the command would load.
 *
 * Plain JavaScript, loaded first. A dependency that moves these files loads them as before;
 * test/unit/bin/deferred-modules.test.ts tells.
 */
const Module = require("node:module");
const { sep } = require("node:path");

/** By package and by what its own files call the module: its exports where all are functions, "function", or "object". */
const DEFERRED = {
    "@pulumi/pulumi": {
        "./closure/serializeClosure": ["serializeFunction", "serializeFunctionAsync"],
        "./closure/codePaths": ["computeCodePaths", "findWorkspaceRoot"],
        "./automation": "object",
    },
    "docker-modem": { "./ssh": "function" },
    dockerode: { "./session": "function" },
    zod: { "../locales/index.cjs": "object" },
};

const PLACES = Object.entries(DEFERRED).map(([name, modules]) => ({
    folder: `${sep}node_modules${sep}${name.split("/").join(sep)}${sep}`,
    modules,
}));

/** Stands for a module until it is used. */
function standIn(form, load) {
    if (form === "function") {
        return (...args) => load()(...args);
    }
    if (form === "object") {
        return new Proxy(
            {},
            {
                // Asked by every import; all of them are compiled from ES modules.
                get: (_target, name) => (name === "__esModule" ? true : load()[name]),
                has: (_target, name) => Reflect.has(load(), name),
                ownKeys: () => Object.keys(load()),
                getOwnPropertyDescriptor(_target, name) {
                    const descriptor = Reflect.getOwnPropertyDescriptor(load(), name);
                    // A proxy may not call fixed what its own target does not have.
                    return descriptor && { ...descriptor, configurable: true };
                },
            },
        );
    }
    const functions = form.map((name) => [name, (...args) => load()[name](...args)]);
    return Object.defineProperty(Object.fromEntries(functions), "__esModule", { value: true });
}

const loadNow = Module._load;

Module._load = function load(request, parent, isMain) {
    const file = parent?.filename;
    // Only relative ones are put off: everything else goes through untouched, and fast.
    const form =
        request.startsWith(".") && file
            ? PLACES.find(({ folder, modules }) => Object.hasOwn(modules, request) && file.includes(folder))?.modules[
                  request
              ]
            : undefined;
    return form === undefined
        ? loadNow.call(this, request, parent, isMain)
        : standIn(form, () => loadNow.call(this, request, parent, isMain));
};

// pg tells Cloudflare's workers apart by this name, or else by a Response, for which Node 20 loads its whole HTTP client.
globalThis.navigator ??= { userAgent: `Node.js/${process.versions.node.split(".")[0]}` };
