#!/usr/bin/env node
require("./deferred-modules");
const { load } = require("./bundle");

load("cli/main.ts")
    .main(process.argv)
    .then(() => {
        // Pulumi's SDK and the Docker client's sockets would keep the process alive for a while.
        process.exit();
    });
