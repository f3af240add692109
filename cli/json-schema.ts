import { jsonSchema } from "../standalone/config-file";

/** Prints the JSON schema of the configuration file: the build keeps it beside the command. */
process.stdout.write(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
