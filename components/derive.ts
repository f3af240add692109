import { existsSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type Docker from "dockerode";
import { compare, settle, unusedMessage } from "../compare";
import { connectDocker } from "../docker/client";
import { chooseImage, inspectImage } from "../docker/image";
import { type FinalServer, rehearseCached } from "../rehearsal";
import type { ContractFinding, Finding, Inference, Tool } from "../schema";
import { ensureImage } from "../setup/image";
import { splitBaseline } from "../upstreams/baseline";
import { inputError } from "../upstreams/errors";
import type { Upstream } from "../upstreams/model";
import { type Configuration, type DeclaredUpstream, readFiles, resolveUpstreams } from "../upstreams/parse";
import { separateStubs } from "../upstreams/separate";
import { scriptFiles } from "../upstreams/server";
import { declare } from "./prepare";
import { withRecorded } from "./recorded";

/** A configuration in which every upstream is declared, whether the user wrote it or the schema told it. */
export interface Derived {
    readonly args: Configuration;
    /** What the user should know: what PostgreSQL refused, what was guessed, and what could not be known. */
    readonly warnings: readonly string[];
    /** Which stubs are contracts, and how the schema ran over the stubs, one line each. */
    readonly summary: readonly string[];
    /** Every file of the schema and of contracts that was read, absolute: those that are named and those that they include. */
    readonly files: readonly string[];
}

/** A finding as one line, with its place and the line of configuration that would help. */
export function formatFinding({ message, file, line, config }: Finding): string {
    const place = file === undefined ? "" : line === undefined ? `${file}: ` : `${file}:${line}: `;
    return `${place}${message}${config === undefined ? "" : ` In the configuration: ${config}`}`;
}

/** What differs between the schema and a contract, as one line with both places. */
export function formatContractFinding({ message, place, contractPlace }: ContractFinding): string {
    const at = place === undefined ? "" : `${place.file}:${place.line}: `;
    const told = contractPlace === undefined ? "" : ` (contract: ${contractPlace.file}:${contractPlace.line})`;
    return `${at}${message}${told}`;
}

/** From which contract each stub came, one line each. */
export function contractLines({ contracts }: Inference): string[] {
    return contracts.map(
        ({ host, port, database, paths, tables }) =>
            `The stub of ${host}:${port}/${database} is its contract, ${paths.join(", ")} (${tables === 1 ? "1 table or view" : `${tables} tables and views`}).`,
    );
}

/** How the schema ran over the stubs, in one line. */
export function summarize({ ran }: Inference): string {
    const count = (n: number) => (n === 1 ? "1 statement" : `${n} statements`);
    return ran.failed === 0
        ? `The schema ran over its stubs: ${count(ran.statements)}, none failed.`
        : `The schema ran over its stubs: ${count(ran.statements)}, ${ran.failed} failed; PostgreSQL's reasons are in the warnings.`;
}

/** An upstream as the configuration has it. */
export function declareUpstream(upstream: Upstream): DeclaredUpstream {
    return {
        host: upstream.host,
        ...(upstream.hostaddr === undefined ? {} : { hostaddr: upstream.hostaddr }),
        port: upstream.port,
        database: upstream.database,
        contract: [],
        ...(upstream.stub === undefined ? {} : { stub: upstream.stub }),
        connections: (upstream.connections ?? []).map((connection) => ({ ...connection })),
        publications: [...(upstream.publications ?? [])],
        users: upstream.users.map((user) => ({ ...user })),
        extensions: upstream.extensions.filter(({ optional }) => optional !== true).map(({ name }) => name),
        extensionSchemas: Object.fromEntries(
            upstream.extensions.flatMap(({ name, schema }) => (schema === undefined ? [] : [[name, schema]])),
        ),
        optionalExtensions: upstream.extensions.filter(({ optional }) => optional === true).map(({ name }) => name),
        ddl: upstream.ddl.map((ddl) => ({ ...ddl })),
        ddlFiles: [],
        tables: upstream.tables.map((table) => ({
            schema: table.schema,
            name: table.name,
            columns: table.columns.map((column) => ({ ...column })),
            rows: table.rows.map((row) => ({ ...row })),
        })),
        seed: (upstream.seed ?? []).map((file) => ({ ...file })),
    };
}

/** The configuration with these upstreams and roles, and no schema. */
function withUpstreams(
    configuration: Configuration,
    upstreams: readonly Upstream[],
    roles: readonly string[],
): Configuration {
    return {
        ...configuration,
        schema: [],
        upstreams: separateStubs(upstreams, [configuration.devDatabase]).map(declareUpstream),
        roles: [...new Set(roles)],
    };
}

/** The server that a stack with this configuration has when these are its upstreams. */
export async function finalServer(
    configuration: Configuration,
    upstreams: readonly Upstream[],
    roles: readonly string[],
    directory: string,
): Promise<FinalServer> {
    const complete = withUpstreams(configuration, upstreams, roles);
    const { server, stubs, extensions } = await declare(complete, directory);
    return {
        plan: { ...server, files: [...server.files, ...scriptFiles(extensions)] },
        passesSecrets: stubs.databases.some(({ passedThrough }) => passedThrough.length > 0),
        users: stubs.users,
        roles: complete.roles,
        databases: extensions.map(({ database, name, version }) => ({
            database,
            extension: name,
            version,
            servers: stubs.databases.find((stub) => stub.database === database)?.servers ?? [],
        })),
    };
}

/** Takes lines that tell the user what is being waited for. */
export type Tell = (line: string) => void;

/** A path as the user would write it: relative to the working directory where that is shorter. */
function shown(path: string): string {
    const short = relative(process.cwd(), path) || ".";
    return short.length < path.length ? short : path;
}

/** The image that the stack is going to have; no registry is asked where there is one here. */
export async function imageId(docker: Docker, configured: string, tell: Tell): Promise<string> {
    const { reference } = await chooseImage(docker, configured);
    const here = await inspectImage(docker, reference);
    return here?.Id ?? (await ensureImage(docker, configured, { log: tell })).id;
}

/**
 * Runs the schema that the configuration names on a throw-away server. The same input is not run twice.
 *
 * @param directory Folder that relative paths are relative to.
 * @throws InputError where there is no Docker, no image, or a declared upstream's own DDL fails.
 */
export async function rehearseSchema(
    configuration: Configuration,
    directory: string,
    tell: Tell = () => undefined,
    tool?: Tool,
): Promise<Inference> {
    const readFile = (path: string) => readFileSync(resolve(directory, path), "utf8");
    const baseline = await Promise.all(readFiles("baseline", configuration.baseline, readFile).map(splitBaseline));
    const docker = await connectDocker();
    return rehearseCached(docker, {
        image: await imageId(docker, configuration.image, tell),
        paths: configuration.schema.map((path) => shown(resolve(directory, path))),
        variables: configuration.variables,
        ...(tool === undefined ? {} : { tool }),
        devDatabase: configuration.devDatabase,
        devUser: configuration.devUser,
        settings: configuration.settings,
        declared: resolveUpstreams(configuration.upstreams, readFile).map((upstream) =>
            upstream.contract === undefined
                ? upstream
                : { ...upstream, contract: upstream.contract.map((path) => shown(resolve(directory, path))) },
        ),
        roles: configuration.roles,
        baseline: baseline.flat().map(({ sql }) => sql),
        strict: configuration.strict,
        inspect: compare,
        final: (upstreams, roles) => finalServer(configuration, upstreams, roles, directory),
        tell,
    });
}

/**
 * Gives declared upstreams of one database name whose content differs a stub each.
 *
 * @param directory Folder that relative paths are relative to.
 */
export function withOwnStubs(configuration: Configuration, directory: string): Configuration {
    const declared = resolveUpstreams(configuration.upstreams, (path) =>
        readFileSync(resolve(directory, path), "utf8"),
    );
    const stubs = separateStubs(declared, [configuration.devDatabase]).map(({ stub }) => stub);
    return {
        ...configuration,
        upstreams: configuration.upstreams.map((upstream, i) => {
            const stub = stubs[i];
            return stub === undefined ? upstream : { ...upstream, stub };
        }),
    };
}

/** Whether something must run before it is known what the upstreams hold. */
export function isRehearsed({
    schema = [],
    upstreams,
}: {
    readonly schema?: readonly string[];
    readonly upstreams: ReadonlyArray<{ readonly contract?: readonly string[] }>;
}): boolean {
    return schema.length > 0 || upstreams.some(({ contract = [] }) => contract.length > 0);
}

/**
 * Checks that what the configuration names is there.
 *
 * @throws InputError that names each path that is not.
 */
export function checkSchemaPaths({ schema, upstreams }: Configuration, directory: string): void {
    checkPaths("The schema cannot be used", "", schema, directory);
    upstreams.forEach(({ contract }, i) => {
        checkPaths("The configuration cannot be used", `upstreams[${i}].contract: `, contract, directory);
    });
}

function checkPaths(what: string, place: string, paths: readonly string[], directory: string): void {
    const missing = paths.map((path) => resolve(directory, path)).filter((path) => !existsSync(path));
    if (missing.length > 0) {
        throw inputError(
            what,
            missing.map(
                (path) =>
                    `${place}the path ${JSON.stringify(shown(path))} does not exist. Give a SQL file or a folder of SQL files.`,
            ),
        );
    }
}

/**
 * Adds the upstreams that the configuration's schema needs to the declared ones. What is declared wins.
 *
 * @param directory Folder that relative paths are relative to.
 * @throws InputError for what keeps the schema from being read, with file and line.
 */
export async function deriveFromSchema(
    declared: Configuration,
    directory: string,
    tell: Tell = () => undefined,
): Promise<Derived> {
    const configuration = withRecorded(declared, directory);
    if (!isRehearsed(configuration)) {
        return { args: withOwnStubs(configuration, directory), warnings: [], summary: [], files: [] };
    }
    checkSchemaPaths(configuration, directory);
    const inference = await rehearseSchema(configuration, directory, tell);
    const errors = inference.findings.filter((finding) => finding.severity === "error");
    if (errors.length > 0) {
        throw inputError(
            configuration.schema.length === 0 ? "The contracts cannot be used" : "The schema cannot be used",
            errors.map(formatFinding),
        );
    }
    const { open, unused } = settle(inference.contractFindings, configuration.accepted);
    return {
        args: withUpstreams(configuration, inference.upstreams, [
            ...configuration.roles,
            ...inference.roles.map((role) => role.name),
        ]),
        warnings: [
            ...inference.findings.filter((finding) => finding.severity === "warning").map(formatFinding),
            ...open.filter(({ grade }) => grade !== "name-only").map(formatContractFinding),
            ...unused.map(unusedMessage),
        ],
        summary: [...contractLines(inference), ...(configuration.schema.length === 0 ? [] : [summarize(inference)])],
        files: [
            ...new Set([
                ...[...inference.files, ...inference.sources].map(({ file }) => resolve(file)),
                ...inference.contracts.flatMap(({ files }) => files.map((file) => resolve(file))),
            ]),
        ].sort(),
    };
}
