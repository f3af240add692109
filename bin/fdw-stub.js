#!/usr/bin/env node
// pg tells Cloudflare's workers apart by this name, or else by a Response, for which Node 20 loads its whole HTTP client.
globalThis.navigator ??= { userAgent: `Node.js/${process.versions.node.split(".")[0]}` };
require("./deferred-modules");
const { loadProgram } = require("./program");

loadProgram()
    .main(process.argv)
    .then(() => {
        // Pulumi's SDK and the Docker client's sockets would keep the process alive for a while.
        process.exit();
    });
