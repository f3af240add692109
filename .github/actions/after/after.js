const { spawnSync } = require("node:child_process");

const { INPUT_CONFIG: config = ".", INPUT_VERSION: version = "" } = process.env;
const name = version === "" ? "fdw-stub" : `fdw-stub@${version}`;
const { status, error } = spawnSync("npx", ["--yes", name, "--cwd", config, "down"], { stdio: "inherit" });
if (error !== undefined) {
    throw error;
}
process.exitCode = status ?? 1;
