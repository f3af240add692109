#!/usr/bin/env node
// The sources run as they are: what is changed in a checkout is what runs, without a build in between.
const { register } = require("tsx/cjs/api");

register();
const { main } = require("../cli/main.ts");

main(process.argv).then(() => {
    // Pulumi's SDK and the Docker client's sockets would keep the process alive for a while.
    process.exit();
});
