/**
 * Lets `pulumi up` load index.ts the way the command loads its own sources: for `nodeargs` in Pulumi.yaml.
 *
 * Plain JavaScript: it runs before anything is compiled.
 */
require("./deferred-modules");
const { join } = require("node:path");
const { ROOT, load } = require("./bundle");

const INDEX = join(ROOT, "index.ts");

require.extensions[".ts"] = (module, file) => {
    if (file === INDEX) {
        module.exports = load("index.ts");
        return;
    }
    // Another program that shares this Pulumi.yaml's options.
    require("tsx/cjs/api").register();
    require.extensions[".ts"](module, file);
};
