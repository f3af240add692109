import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { CONFIG_FILE } from "../standalone/config-file";
import { InputError } from "../upstreams/errors";
import { type Candidate, lookAround, type Surroundings } from "./look-around";

/** Where editors find the file's JSON schema: beside the command, or where packages are published. */
function schemaLocation(directory: string): string {
    const installed = "node_modules/fdw-stub/dist/fdw-stub.schema.json";
    return existsSync(join(directory, installed))
        ? `./${installed}`
        : "https://unpkg.com/fdw-stub/dist/fdw-stub.schema.json";
}

function plural(count: number, one: string): string {
    return `${count} ${one}${count === 1 ? "" : "s"}`;
}

function describe({ path, tool, files, servers, connects }: Candidate): string {
    const what =
        servers.length > 0
            ? `foreign ${servers.length === 1 ? "server" : "servers"} ${servers.join(", ")}`
            : connects
              ? "connects elsewhere, without a CREATE SERVER of its own"
              : "no foreign server";
    return `${path}: ${plural(files, "file")}${tool === "plain" ? "" : ` for ${tool}`}, ${what}`;
}

/** The file's text: what was found, and the other keys to uncomment. */
export function configText({ candidates }: Surroundings, location: string): string {
    const [first, ...others] = candidates;
    const schema = first === undefined ? "# schema: [db/migrations]" : stringify({ schema: [first.path] }).trim();
    const more = others
        .filter(({ connects }) => connects)
        .map((other) => `#   - ${other.path}`)
        .join("\n");
    return `# yaml-language-server: $schema=${location}

# Files and folders of your schema, from which the upstreams are derived; relative to this file.
${schema}
${more === "" ? "" : `# Also found; add what belongs to the same database:\n${more}\n`}
# Values of placeholders in these files:
# variables: {UPSTREAM_HOST: upstream_db}

# image: postgres:18
# baseline: [db/baseline.sql]

# What differs, by the name of a stack (fdw-stub up --stack ci):
# stacks:
#   ci:
#     image: postgres:17
`;
}

function report({ candidates, atlas }: Surroundings): string {
    const [first] = candidates;
    const found =
        first === undefined
            ? ["Found no SQL files. Put the path of your schema into the file."]
            : ["Found:", ...candidates.map((one) => `  ${describe(one)}`)];
    const steps =
        first === undefined
            ? ["npx fdw-stub up --schema PATH"]
            : [
                  `npx fdw-stub infer ${/[^\w./-]/.test(first.path) ? JSON.stringify(first.path) : first.path}   # what it expects of its upstreams`,
                  "npx fdw-stub up",
                  "npx fdw-stub run -- sh -c 'echo $DEV_URL'   # any command, with a fresh database in DEV_URL",
              ];
    const withAtlas =
        atlas.length > 0
            ? [`npx fdw-stub atlas   # what to add to ${atlas.join(", ")}`]
            : first?.tool === "atlas"
              ? ["npx fdw-stub atlas --write   # an atlas.hcl that takes a fresh database for each command"]
              : [];
    return [
        `Wrote ${CONFIG_FILE}.`,
        ...found,
        "",
        "Next:",
        ...[...steps, ...withAtlas].map((step) => `  ${step}`),
    ].join("\n");
}

/**
 * Looks around in a repository, and writes a configuration.
 *
 * @returns what was found and what to do next.
 * @throws InputError when there is a configuration already: it is never overwritten.
 */
export async function init(directory: string): Promise<string> {
    const path = join(directory, CONFIG_FILE);
    if (existsSync(path)) {
        throw new InputError(`${path} exists already and is left as it is.`);
    }
    const surroundings = await lookAround(directory);
    try {
        writeFileSync(path, configText(surroundings, schemaLocation(directory)), { flag: "wx" });
    } catch (error) {
        throw new InputError(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    }
    const beside = existsSync(join(directory, "Pulumi.yaml"))
        ? "\nFrom now on the command goes by this file; `pulumi up` goes by Pulumi's own, as before."
        : "";
    return report(surroundings) + beside;
}
