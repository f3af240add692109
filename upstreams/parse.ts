import * as z from "zod";
import { InputError, inputError } from "./errors";
import { explainIssue, type KnownKeys, kindOf } from "./explain";
import { MISMATCHES, type MismatchCode } from "./mismatches";
import type { Ddl, Extension, SeedFile, SeedValue, Upstream } from "./model";
import {
    type Check,
    checkAddress,
    checkDatabase,
    checkDevDatabase,
    checkDevUser,
    checkHost,
    checkIdentifier,
    checkPort,
    checkRole,
    checkSchema,
    checkSetting,
} from "./names";
import { CONNECTION_OPTIONS, checkConnectionOption } from "./options";
import { checkSeedPath } from "./seed-file";

/** Reads a DDL file that the configuration names; throws when it can't. */
export type ReadFile = (path: string) => string;

/** JavaScript reads a longer number as its neighbour, which would be seeded without a word. */
function checkSeed(value: SeedValue): string | undefined {
    if (typeof value === "object" && value !== null) {
        return Object.values(value)
            .map(checkSeed)
            .find((problem) => problem !== undefined);
    }
    return Number.isInteger(value) && !Number.isSafeInteger(value)
        ? `the number ${value} is too long to be read exactly. Put it in quotes.`
        : undefined;
}

function unknownColumn(key: string, names: readonly string[]): string {
    const known =
        names.length === 0 ? "it has none" : `its columns are ${names.map((n) => JSON.stringify(n)).join(", ")}`;
    return `the table has no column ${JSON.stringify(key)}; ${known}. Declare the column, or remove the value.`;
}

function checked<T>(schema: z.ZodType<T>, check: Check<T>) {
    return schema.superRefine((value, context) => {
        const problem = check(value);
        if (problem !== undefined) {
            context.addIssue({ code: "custom", message: problem });
        }
    });
}

/** Text that is not empty; `what` begins the message, `example` ends it. */
const text = (what: string, example: string) =>
    z.string().trim().min(1, `${what} is empty; write for example ${example}.`);

/** A whole number within bounds. */
const count = (what: string, least: number, most: number) =>
    checked(z.number(), (value: number) =>
        Number.isInteger(value) && value >= least && value <= most
            ? undefined
            : `${what} is ${value}; allowed are whole numbers from ${least} to ${most}.`,
    );

const path = z.string().min(1, "the file's name is empty. Give its path, or remove the entry.");
const paths = z.array(path).default([]);

/** A list in which nothing stands twice. */
const distinct = <T>(one: z.ZodType<string, T>) =>
    z.array(one).superRefine((values, context) => {
        values.forEach((value, i) => {
            if (values.indexOf(value) < i) {
                context.addIssue({
                    code: "custom",
                    path: [i],
                    message: `${JSON.stringify(value)} is named twice. Remove one.`,
                });
            }
        });
    });

/** What stands where paths are expected: the list itself, or the first entry that is no path. */
function notPaths(value: unknown): string {
    const wrong = Array.isArray(value) ? value.findIndex((one) => typeof one !== "string") : -1;
    const found =
        Array.isArray(value) && wrong >= 0 ? `entry ${wrong} is ${kindOf(value[wrong])}` : `it is ${kindOf(value)}`;
    return `must be the path of a SQL file or folder, or a list of such paths, but ${found}.`;
}

function notSeeds(value: unknown): string {
    return `must be the path of a SQL or CSV file, or a list of such paths, but it is ${kindOf(value)}.`;
}

const pathList = z
    .union([z.string().transform((one) => [one]), z.array(z.string())], { error: ({ input }) => notPaths(input) })
    .pipe(distinct(path));
const variableValue = z
    .union([z.string(), z.number(), z.boolean()], {
        error: ({ input }) =>
            `a variable's value must be text, a number, true or false, but it is ${kindOf(input)}. Write it as text, or remove the entry.`,
    })
    .transform(String);
const variableName = z.string().min(1, "the name of a variable is empty. Give the placeholder's, or remove the entry.");
const name = checked(z.string(), checkIdentifier);
const seedValue: z.ZodType<SeedValue> = z.lazy(() =>
    z.union(
        [z.string(), z.number(), z.boolean(), z.null(), z.array(seedValue), z.record(z.string(), seedValue)],
        "this is no value to seed; allowed are text, finite numbers, true, false, null, and lists and mappings of these.",
    ),
);
const column = z.strictObject({ name, type: text("the type", '"bigint" or "numeric(10,2)"') });
const table = z
    .strictObject({
        schema: checked(z.string(), checkSchema).default("public"),
        name,
        columns: z.array(column).default([]),
        rows: z.array(z.record(z.string(), seedValue)).default([]),
    })
    .superRefine(({ columns, rows }, context) => {
        const names = columns.map((one) => one.name);
        names.forEach((one, i) => {
            if (names.indexOf(one) < i) {
                const message = `the column ${JSON.stringify(one)} is declared twice. Remove one.`;
                context.addIssue({ code: "custom", path: ["columns", i, "name"], message });
            }
        });
        rows.forEach((row, i) => {
            for (const [key, value] of Object.entries(row)) {
                const message = names.includes(key) ? checkSeed(value) : unknownColumn(key, names);
                if (message !== undefined) {
                    context.addIssue({ code: "custom", path: ["rows", i, key], message });
                }
            }
        });
    });
/** Paths as the user writes them; a configuration that was worked out has the files' texts as well. */
const seedFiles = z
    .union(
        [
            z.string().transform((one) => [one]),
            z.array(z.union([z.string(), z.strictObject({ origin: z.string(), text: z.string() })])),
        ],
        { error: ({ input }) => notSeeds(input) },
    )
    .superRefine((files, context) => {
        files.forEach((file, i) => {
            const message = checkSeedPath(typeof file === "string" ? file : file.origin);
            if (message !== undefined) {
                context.addIssue({ code: "custom", path: [i], message });
            }
        });
    });
const user = z.strictObject({
    name: checked(z.string(), checkRole),
    password: z.string().min(1, "the password is empty. Give one, or remove the key.").optional(),
    created: z.boolean().optional(),
    trusted: z.boolean().optional(),
    granted: z.boolean().optional(),
});
const connection = z
    .partialRecord(
        z.enum(CONNECTION_OPTIONS),
        z.union([z.string(), z.number(), z.boolean()], "an option's value must be text.").transform(String),
    )
    .superRefine((options, context) => {
        for (const option of CONNECTION_OPTIONS) {
            const message = checkConnectionOption(option, options[option] ?? "");
            if (message !== undefined) {
                context.addIssue({ code: "custom", path: [option], message });
            }
        }
    });
/** What a contract tells itself. */
const CONTRACT_TELLS = ["extensions", "extensionSchemas", "optionalExtensions", "ddl", "ddlFiles", "tables"] as const;

const upstreamFields = z.strictObject({
    host: checked(z.string(), checkHost).optional(),
    port: checked(z.number(), checkPort).optional(),
    database: checked(z.string(), checkDatabase),
    contract: pathList.default([]),
    hostaddr: checked(z.string(), checkAddress).optional(),
    stub: checked(z.string(), checkDatabase).optional(),
    connections: z.array(connection).default([]),
    publications: distinct(name).default([]),
    users: z.array(user).default([]),
    extensions: z.array(name).default([]),
    extensionSchemas: z.record(name, checked(z.string(), checkSchema)).default({}),
    optionalExtensions: z.array(name).default([]),
    ddl: z
        .union(
            [
                z.string(),
                z.array(z.strictObject({ origin: z.string(), line: z.number().int().min(1), sql: z.string() })),
            ],
            "the DDL must be SQL text.",
        )
        .optional(),
    ddlFiles: paths,
    tables: z.array(table).default([]),
    seed: seedFiles.default([]),
});
const upstream = upstreamFields.superRefine((declared, context) => {
    if (declared.contract.length === 0) {
        return;
    }
    for (const key of CONTRACT_TELLS) {
        const value = declared[key];
        if (value !== undefined && Object.keys(value).length > 0) {
            context.addIssue({
                code: "custom",
                path: [key],
                message: `the contract tells what the upstream has, and nothing is added to it. Remove ${key}, or the contract.`,
            });
        }
    }
});

/** `upstreams` as it stands in the configuration: checked, with defaults filled in, DDL files not yet read. */
export type DeclaredUpstream = z.output<typeof upstream>;

const isMismatch = (code: string): code is MismatchCode => Object.hasOwn(MISMATCHES, code);
/** Differences between the schema and a contract that somebody has looked at. */
const acceptance = z.strictObject({
    code: z.custom<MismatchCode>((value) => typeof value === "string" && isMismatch(value), {
        error: ({ input }) =>
            `${typeof input === "string" ? JSON.stringify(input) : kindOf(input)} is no kind of finding; known are ${Object.keys(MISMATCHES).join(", ")}. \`fdw-stub check\` prints it in square brackets.`,
    }),
    object: text("the object", '"public.orders.amount"'),
    reason: text("the reason", '"read by nobody, goes with the next release"'),
});
/** One of them, as the configuration has it. */
export type Acceptance = z.output<typeof acceptance>;

const settingValue = z
    .union([z.string(), z.number(), z.boolean()], "a setting's value must be text, a number, true or false.")
    .transform(String);
const configuration = z.strictObject({
    upstreams: z.array(upstream).default([]),
    schema: pathList.default([]),
    variables: z.record(variableName, variableValue).default({}),
    roles: distinct(checked(z.string(), checkRole)).default([]),
    strict: z.boolean("this must be true or false.").default(false),
    accepted: z.array(acceptance).default([]),
    image: text("the image", '"postgres:18"').default("postgres:18"),
    port: checked(z.number(), checkPort).optional(),
    settings: z.record(checked(z.string(), checkSetting), settingValue).default({}),
    devDatabase: checked(z.string(), checkDevDatabase).default("dev"),
    devUser: checked(z.string(), checkDevUser).default("postgres"),
    baseline: distinct(path).default([]),
    stock: count("stock", 0, 1000).optional(),
    kept: count("kept", 0, 1000).optional(),
    maxAge: count("maxAge", 1, 31_536_000).optional(),
});

/** Everything that the configuration says, checked. */
export type Configuration = z.output<typeof configuration>;
/** The configuration as the user writes it. */
export type ConfigurationInput = z.input<typeof configuration>;

/** What the configuration may hold, for what describes it to others. */
export const CONFIGURATION_SHAPE = configuration;

/** The keys that the configuration knows. */
export const CONFIGURATION_KEYS: readonly string[] = Object.keys(configuration.shape);

/** The objects with fixed keys, by the key that leads to them. */
const OBJECTS = { accepted: acceptance, upstreams: upstream, users: user, tables: table, columns: column };

const knownKeys: KnownKeys = (path) => {
    const leading = path.findLast((key) => typeof key === "string");
    if (leading === "connections") {
        return CONNECTION_OPTIONS;
    }
    const found = Object.entries(OBJECTS).find(([key]) => key === leading);
    return found === undefined ? CONFIGURATION_KEYS : Object.keys(found[1].shape);
};

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
            result.error.issues.map((issue) => explainIssue(issue, input, knownKeys)),
        );
    }
    if (result.data.upstreams.length === 0 && result.data.schema.length === 0) {
        throw new InputError(
            "The configuration cannot be used: upstreams: no upstream is declared; give at least one, with its host and database, or set schema to the files of your schema, from which they are derived.",
        );
    }
    return result.data;
}

/**
 * Reads SQL files that the configuration names.
 *
 * @param place Where the configuration names them, for the message.
 * @throws InputError for a file that cannot be read.
 */
export function readFiles(place: string, paths: readonly string[], readFile: ReadFile): Ddl[] {
    return paths.map((path) => {
        try {
            return { origin: path, line: 1, sql: readFile(path) };
        } catch (error) {
            const why = error instanceof Error ? error.message : String(error);
            throw new InputError(
                `The configuration cannot be used: ${place}: the file ${JSON.stringify(path)} cannot be read (${why}). Paths are relative to the folder of the configuration.`,
            );
        }
    });
}

function ddlOf(declared: DeclaredUpstream, index: number, readFile: ReadFile): Ddl[] {
    const files = readFiles(`upstreams[${index}].ddlFiles`, declared.ddlFiles, readFile);
    const { ddl = [] } = declared;
    const inline = typeof ddl === "string" ? [{ origin: `upstreams[${index}].ddl`, line: 1, sql: ddl }] : ddl;
    return [...files, ...inline];
}

function seedOf({ seed }: DeclaredUpstream, index: number, readFile: ReadFile): SeedFile[] {
    return seed.flatMap((file): SeedFile[] =>
        typeof file === "string"
            ? readFiles(`upstreams[${index}].seed`, [file], readFile).map(({ origin, sql }) => ({ origin, text: sql }))
            : [file],
    );
}

/** An extension is named once, wherever: in the list, with a schema, or as optional. */
function extensionsOf({ extensions, extensionSchemas, optionalExtensions }: DeclaredUpstream): Extension[] {
    const names = new Set([...extensions, ...Object.keys(extensionSchemas), ...optionalExtensions]);
    return [...names].map((name) => {
        const schema = Object.hasOwn(extensionSchemas, name) ? extensionSchemas[name] : undefined;
        return {
            name,
            ...(schema === undefined ? {} : { schema }),
            ...(optionalExtensions.includes(name) && !extensions.includes(name) ? { optional: true } : {}),
        };
    });
}

/** Where an upstream is that names neither host nor port, and no schema tells. */
export const DEFAULT_HOST = "localhost";
export const DEFAULT_PORT = 5432;

/** Reads the DDL files and gives the model that everything else is computed from. */
export function resolveUpstreams(declared: readonly DeclaredUpstream[], readFile: ReadFile): Upstream[] {
    return declared.map((one, index) => ({
        host: one.host ?? DEFAULT_HOST,
        port: one.port ?? DEFAULT_PORT,
        ...(one.host === undefined && one.hostaddr === undefined && one.port === undefined ? { unplaced: true } : {}),
        database: one.database,
        ...(one.contract.length === 0 ? {} : { contract: one.contract }),
        ...(one.hostaddr === undefined ? {} : { hostaddr: one.hostaddr }),
        ...(one.stub === undefined ? {} : { stub: one.stub }),
        ...(one.connections.length === 0 ? {} : { connections: one.connections }),
        ...(one.publications.length === 0 ? {} : { publications: one.publications }),
        users: one.users,
        extensions: extensionsOf(one),
        ddl: ddlOf(one, index, readFile),
        tables: one.tables,
        ...(one.seed.length === 0 ? {} : { seed: seedOf(one, index, readFile) }),
    }));
}
