import { z } from "zod";
import { InputError, inputError } from "./errors";
import type { Ddl, SeedValue, Upstream } from "./model";
import {
    type Check,
    checkDatabase,
    checkHost,
    checkIdentifier,
    checkPort,
    checkRole,
    checkSchema,
    checkSetting,
} from "./names";

/** Reads a DDL file that the configuration names; throws when it can't. */
export type ReadFile = (path: string) => string;

function checked<T>(schema: z.ZodType<T>, check: Check<T>) {
    return schema.superRefine((value, context) => {
        const problem = check(value);
        if (problem !== undefined) {
            context.addIssue({ code: "custom", message: problem });
        }
    });
}

const name = checked(z.string(), checkIdentifier);
const seedValue: z.ZodType<SeedValue> = z.lazy(() =>
    z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(seedValue), z.record(z.string(), seedValue)]),
);
const column = z.strictObject({ name, type: z.string().trim().min(1) });
const table = z.strictObject({
    schema: checked(z.string(), checkSchema).default("public"),
    name,
    columns: z.array(column).default([]),
    rows: z.array(z.record(z.string(), seedValue)).default([]),
});
const user = z.strictObject({ name: checked(z.string(), checkRole), password: z.string().min(1).optional() });
const upstream = z.strictObject({
    host: checked(z.string(), checkHost).default("localhost"),
    port: checked(z.number(), checkPort).default(5432),
    database: checked(z.string(), checkDatabase),
    users: z.array(user).default([]),
    extensions: z.array(name).default([]),
    ddl: z.string().optional(),
    ddlFiles: z.array(z.string().min(1)).default([]),
    tables: z.array(table).default([]),
});

/** `upstreams` as it stands in the configuration: checked, with defaults filled in, DDL files not yet read. */
export type DeclaredUpstream = z.output<typeof upstream>;

const settingValue = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const configuration = z.strictObject({
    upstreams: z.array(upstream).min(1, "no upstream is declared; give at least one, with its host and database."),
    image: z.string().trim().min(1).default("postgres:18"),
    port: checked(z.number(), checkPort).optional(),
    settings: z.record(checked(z.string(), checkSetting), settingValue).default({}),
    devDatabase: checked(z.string(), checkDatabase).default("dev"),
    devUser: checked(z.string(), checkRole).default("postgres"),
});

/** Everything that the configuration says, checked. */
export type Configuration = z.output<typeof configuration>;
/** The configuration as the user writes it. */
export type ConfigurationInput = z.input<typeof configuration>;

/** The keys that the configuration knows. */
export const CONFIGURATION_KEYS: readonly string[] = Object.keys(configuration.shape);

function place(path: readonly PropertyKey[]): string {
    return path.reduce<string>(
        (text, key) =>
            typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
        "",
    );
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
    return path.reduce<unknown>(
        (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
        input,
    );
}

function explain(issue: z.core.$ZodIssue, input: unknown): string {
    const at = place(issue.path);
    if (issue.code === "unrecognized_keys") {
        const known = at === "" ? ` Known keys: ${CONFIGURATION_KEYS.join(", ")}.` : "";
        const keys = issue.keys.map((key) => JSON.stringify(key)).join(", ");
        return `${at === "" ? "" : `${at}: `}unknown ${issue.keys.length === 1 ? "key" : "keys"} ${keys}.${known} Check the spelling, or remove it.`;
    }
    // Our own checks name the bad value themselves; zod's don't. A password's value is never shown.
    const shown = JSON.stringify(valueAt(input, issue.path));
    const secret = issue.path.includes("password");
    const found = issue.code === "custom" || secret || shown === undefined ? "" : ` (found ${shown.slice(0, 200)})`;
    return at === "" ? `${issue.message}${found}` : `${at}: ${issue.message}${found}`;
}

/**
 * Checks the configuration, whoever wrote it: the stack's YAML file or a program.
 *
 * @throws InputError that names every bad value with its place.
 */
export function parseConfiguration(input: unknown): Configuration {
    const result = configuration.safeParse(input);
    if (!result.success) {
        throw inputError(
            "The configuration cannot be used",
            result.error.issues.map((issue) => explain(issue, input)),
        );
    }
    if (result.data.upstreams.some((u) => u.database === result.data.devDatabase)) {
        throw new InputError(
            `The configuration cannot be used: the dev database and an upstream's database are both called ${JSON.stringify(result.data.devDatabase)}, but the dev database must stay empty. Set devDatabase to another name.`,
        );
    }
    return result.data;
}

function ddlOf(declared: DeclaredUpstream, index: number, readFile: ReadFile): Ddl[] {
    const files = declared.ddlFiles.map((path): Ddl => {
        try {
            return { origin: path, line: 1, sql: readFile(path) };
        } catch (error) {
            const why = error instanceof Error ? error.message : String(error);
            throw new InputError(
                `The configuration cannot be used: upstreams[${index}].ddlFiles: the file ${JSON.stringify(path)} cannot be read (${why}). Paths are relative to the folder of Pulumi.yaml.`,
            );
        }
    });
    const inline: Ddl[] =
        declared.ddl === undefined ? [] : [{ origin: `upstreams[${index}].ddl`, line: 1, sql: declared.ddl }];
    return [...files, ...inline];
}

/** Reads the DDL files and gives the model that everything else is computed from. */
export function resolveUpstreams(declared: readonly DeclaredUpstream[], readFile: ReadFile): Upstream[] {
    return declared.map((one, index) => ({
        host: one.host,
        port: one.port,
        database: one.database,
        users: one.users.map((u) =>
            u.password === undefined ? { name: u.name } : { name: u.name, password: u.password },
        ),
        extensions: one.extensions,
        ddl: ddlOf(one, index, readFile),
        tables: one.tables,
    }));
}
