import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FRESH_DATABASE_QUERY } from "../sql/extension";
import { checkStackName } from "../standalone/project";
import { InputError } from "../upstreams/errors";

/** The file that Atlas reads its configuration from. */
export const ATLAS_FILE = "atlas.hcl";

/**
 * A configuration for Atlas that takes a fresh database for each command. It holds no secret.
 *
 * @throws InputError for a stack's name that is none: it stands in a comment of the file.
 */
export function atlasConfiguration(stack: string): string {
    checkStackName(stack);
    const option = stack === "dev" ? "" : ` --stack ${stack}`;
    return `# Every Atlas command takes a fresh, empty database from the stack ${JSON.stringify(stack)}, so that nothing an
# earlier one left is in its way, and two at once do not disturb each other. In the shell, once:
#
#   eval "$(npx fdw-stub env${option})"
#
# FDW_STUB_URL is the stack's maintenance database; the password stands in the environment only.
data "sql" "dev" {
  url   = getenv("FDW_STUB_URL")
  query = ${JSON.stringify(FRESH_DATABASE_QUERY)}
}

locals {
  dev_url = urlsetpath(getenv("FDW_STUB_URL"), data.sql.dev.value)
}

# Use it by name: atlas migrate diff --env local
env "local" {
  # The desired schema: a file or a folder.
  src = "file://schema.sql"
  dev = local.dev_url
  migration {
    dir = "file://migrations"
  }
}
`;
}

/**
 * Writes the configuration into the working directory.
 *
 * @throws InputError when there is a file already: it is never overwritten.
 */
export function writeAtlasConfiguration(stack: string, directory: string = process.cwd()): void {
    const text = atlasConfiguration(stack);
    try {
        writeFileSync(join(directory, ATLAS_FILE), text, { flag: "wx" });
    } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "EEXIST") {
            throw new InputError(
                `${ATLAS_FILE} exists already and is left as it is. Run \`fdw-stub atlas\` and take from its text what you need.`,
            );
        }
        throw new InputError(
            `${ATLAS_FILE} cannot be written to ${directory}: ${error instanceof Error ? error.message : String(error)}`,
        );
    }
}
