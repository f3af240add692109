/**
 * What `pulumi up` in a checkout has Node run before the program (`nodeargs` in Pulumi.yaml). The program is what was
 * built of index.ts, again where a source has changed since: read as sources, it would take a second longer to begin.
 *
 * Plain JavaScript: it runs before anything is compiled.
 */
const Module = require("node:module");
const { realpathSync } = require("node:fs");
const { join } = require("node:path");

// From Node 22.1 on: what V8 compiled is kept, and need not be compiled again.
Module.enableCompileCache?.();
require("./deferred-modules");
require("./build").ensureBuilt();

const root = realpathSync(join(__dirname, ".."));
const program = join(root, "index.ts");
const built = join(root, "dist", "program.js");
const resolveNow = Module._resolveFilename;

Module._resolveFilename = function resolve(request, parent, isMain, options) {
    // Pulumi asks for the program by its path, or by the folder's.
    return request === program || request === root || request === `${root}/`
        ? built
        : resolveNow.call(this, request, parent, isMain, options);
};
