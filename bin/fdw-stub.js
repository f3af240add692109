#!/usr/bin/env node
const { existsSync } = require("node:fs");
const { join } = require("node:path");

// From Node 22.1 on: what V8 compiled is kept, and need not be compiled again.
require("node:module").enableCompileCache?.();
require("./deferred-modules");

const builder = join(__dirname, "build.js");
if (existsSync(builder)) {
    // A checkout; packages come built, and without it.
    require(builder).ensureBuilt();
}
require("../dist/fdw-stub")
    .main(process.argv)
    .then(() => {
        // Pulumi's SDK and the Docker client's sockets would keep the process alive for a while.
        process.exit();
    });
