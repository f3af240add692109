import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ATLAS_QUERIES } from "../sql/extension";
import { checkStackName } from "../standalone/project";
import { InputError } from "../upstreams/errors";

/** The file that Atlas reads its configuration from. */
export const ATLAS_FILE = "atlas.hcl";

/** Where the schema that is wanted is looked for, the first wins; then the folders. */
const SCHEMA_FILES = ["schema.sql", "db/schema.sql", "database/schema.sql", "sql/schema.sql"];
const SCHEMA_FOLDERS = ["schema", "db/schema", "database/schema", "sql/schema"];
/** Where migrations are looked for; the first is named when there are none yet. */
const MIGRATION_FOLDERS = ["migrations", "db/migrations", "database/migrations", "sql/migrations"];

/** Where a service's files are, relative to the folder of `atlas.hcl`. */
export interface AtlasLayout {
    /** The desired schema, when there is one. */
    readonly desired?: { readonly path: string; readonly kind: "file" | "folder" };
    readonly migrations: string;
}

function kindOf(path: string): "file" | "folder" | undefined {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : found.isDirectory() ? "folder" : "file";
}

function holdsSql(folder: string): boolean {
    return (
        kindOf(folder) === "folder" &&
        readdirSync(folder, { recursive: true }).some((name) => /\.sql$/.test(String(name)))
    );
}

/**
 * Finds what a configuration names.
 *
 * @param given The desired schema's file or folder, when it lies elsewhere.
 * @throws InputError when what is given does not exist, or holds no SQL.
 */
export function findLayout(directory: string, given?: string): AtlasLayout {
    const migrations = MIGRATION_FOLDERS.find((path) => kindOf(join(directory, path)) === "folder") ?? "migrations";
    if (given !== undefined) {
        const path = given.replace(/(.)\/+$/, "$1");
        const kind = kindOf(join(directory, path));
        if (kind === undefined || (kind === "folder" && !holdsSql(join(directory, path)))) {
            throw new InputError(
                `--desired ${JSON.stringify(given)} ${kind === undefined ? "does not exist" : "holds no .sql file"}. Name the file or folder of the desired schema, relative to the working directory.`,
            );
        }
        return { desired: { path, kind }, migrations };
    }
    const file = SCHEMA_FILES.find((path) => kindOf(join(directory, path)) === "file");
    if (file !== undefined) {
        return { desired: { path: file, kind: "file" }, migrations };
    }
    const folder = SCHEMA_FOLDERS.find((path) => holdsSql(join(directory, path)));
    return folder === undefined ? { migrations } : { desired: { path: folder, kind: "folder" }, migrations };
}

/** A text as HCL writes it: `${` and `%{` begin expressions there. */
function hcl(text: string): string {
    return JSON.stringify(text).replaceAll(/[$%](?=\{)/g, "$&$&");
}

/** A path as part of a glob pattern. */
function globbed(path: string): string {
    return path.replaceAll(/[\\*?[\]{}]/g, "\\$&");
}

/**
 * The block that takes the databases, and what refers to them. No local and no other block may: Atlas would evaluate it
 * once more for each, and take databases for nothing.
 */
function databases(desired: AtlasLayout["desired"]): { block: string; src: string; dev: string } {
    const url = (name: string) => `urlsetpath(getenv("FDW_STUB_URL"), data.sql.databases.${name})`;
    const block = (comment: string, query: string, args: string) => `${comment}
data "sql" "databases" {
  url   = getenv("FDW_STUB_URL")
  query = ${hcl(query)}
${args}}
`;
    if (desired === undefined) {
        return { block: block("# An empty database.", ATLAS_QUERIES.fresh, ""), src: NO_DESIRED, dev: url("value") };
    }
    const [query, args] =
        desired.kind === "file"
            ? [ATLAS_QUERIES.planOfText, `file(${hcl(desired.path)})`]
            : [
                  ATLAS_QUERIES.planOfFiles,
                  `jsonencode([for path in sort(fileset(${hcl(`${globbed(desired.path)}/**/*.sql`)})) : { origin = path, sql = file(path) }])`,
              ];
    return {
        block: block(DESIRED, query, `  args  = [${args}]\n`),
        src: `  src = ${url("values[0]")}\n`,
        dev: url("values[1]"),
    };
}

const DESIRED = `# Two databases: one in which the desired schema has run, and an empty one. Were the schema a file for Atlas, it would be
# loaded into the same database as the migrations, where their servers and roles are still in its way.`;

/** What takes the place of the desired schema where none was found. */
const NO_DESIRED = `  # There was no schema.sql and no folder schema here. With one, \`fdw-stub atlas\` writes what \`migrate diff\` and
  # \`schema apply\` take it from; \`fdw-stub atlas --desired PATH\` when it is called otherwise.
`;

/**
 * A configuration for Atlas that takes fresh databases for each command: one for the migrations, and one that holds the
 * desired schema. It holds no secret.
 *
 * @throws InputError for a stack's name that is none: it stands in a comment of the file.
 */
export function atlasConfiguration(stack: string, { desired, migrations }: AtlasLayout): string {
    checkStackName(stack);
    const option = stack === "dev" ? "" : ` --stack ${stack}`;
    const { block, src, dev } = databases(desired);
    return `# Every Atlas command takes databases of its own from the stack ${JSON.stringify(stack)}, so that nothing an earlier one left
# is in its way, and two at once do not disturb each other. In the shell, once:
#
#   eval "$(npx fdw-stub env${option})"
#
# FDW_STUB_URL is the stack's maintenance database; the password stands in the environment only.

${block}
# Use it by name: atlas migrate lint --env local
env "local" {
${src}  dev = ${dev}
  migration {
    dir = ${hcl(`file://${migrations}`)}
  }
}
`;
}

/**
 * Writes a configuration into a folder.
 *
 * @throws InputError when there is a file already: it is never overwritten.
 */
export function writeAtlasConfiguration(text: string, directory: string): void {
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
