import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { type Finding, inferUpstreams, mergeUpstreams, nodeFileSystem } from "../schema";
import { inputError } from "../upstreams/errors";
import type { Upstream } from "../upstreams/model";
import { isServerItself } from "../upstreams/network";
import { type Configuration, type DeclaredUpstream, resolveUpstreams } from "../upstreams/parse";
import { separateStubs } from "../upstreams/separate";

/** A configuration in which every upstream is declared, whether the user wrote it or the schema told it. */
export interface Derived {
    readonly args: Configuration;
    /** What the user should know: what was guessed, and what could not be understood. */
    readonly warnings: readonly string[];
    /** Every file of the schema that was read, absolute: those that are named and those that they include. */
    readonly files: readonly string[];
}

/** A finding as one line, with its place and the line of configuration that would help. */
export function formatFinding({ message, file, line, config }: Finding): string {
    const place = file === undefined ? "" : line === undefined ? `${file}: ` : `${file}:${line}: `;
    return `${place}${message}${config === undefined ? "" : ` In the configuration: ${config}`}`;
}

/** An upstream as the configuration has it. */
export function declareUpstream(upstream: Upstream): DeclaredUpstream {
    return {
        host: upstream.host,
        ...(upstream.hostaddr === undefined ? {} : { hostaddr: upstream.hostaddr }),
        port: upstream.port,
        database: upstream.database,
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
    };
}

/**
 * Reads the schema that the configuration names, and adds the upstreams that it expects to the declared ones. What is
 * declared wins, field by field.
 *
 * @param directory Folder that relative paths are relative to.
 * @throws InputError for what the stubs could not satisfy, and for contradictions, with file and line.
 */
export async function deriveFromSchema(configuration: Configuration, directory: string): Promise<Derived> {
    const declared = resolveUpstreams(configuration.upstreams, (path) =>
        readFileSync(resolve(directory, path), "utf8"),
    );
    if (configuration.schema.length === 0) {
        const stubs = separateStubs(declared, [configuration.devDatabase]).map(({ stub }) => stub);
        const upstreams = configuration.upstreams.map((upstream, i) => {
            const stub = stubs[i];
            return stub === undefined ? upstream : { ...upstream, stub };
        });
        return { args: { ...configuration, upstreams }, warnings: [], files: [] };
    }
    const inference = await inferUpstreams({
        // Relative to the working directory where that is shorter, as the user would write them.
        paths: configuration.schema.map((path) => relative(process.cwd(), resolve(directory, path)) || "."),
        variables: configuration.variables,
        devUser: configuration.devUser,
        declared,
        fileSystem: nodeFileSystem,
    });
    const merged = mergeUpstreams(declared, inference);
    const findings = [...inference.findings, ...merged.findings];
    const errors = findings.filter((finding) => finding.severity === "error");
    if (errors.length > 0) {
        throw inputError("The schema needs what its stubs cannot give", errors.map(formatFinding));
    }
    // What the server itself is asked for under the dev database's name is the database in which the command runs.
    const upstreams = merged.upstreams.filter(
        (upstream) =>
            !(upstream.database === configuration.devDatabase && isServerItself(upstream)) ||
            declared.includes(upstream),
    );
    const isItself = findings.some(({ code }) => code === "self-server") || merged.upstreams.length > 0;
    if (upstreams.length === 0 && !isItself) {
        throw inputError("The schema cannot be used", [
            `no foreign server was found in ${configuration.schema.join(", ")}, so there is nothing to stub. Check the path, or declare upstreams.`,
        ]);
    }
    return {
        args: {
            ...configuration,
            // It stays where no upstream is left, which must not look as if nothing had been declared.
            schema: upstreams.length === 0 ? configuration.schema : [],
            upstreams: separateStubs(upstreams, [configuration.devDatabase]).map(declareUpstream),
            roles: [...new Set([...configuration.roles, ...inference.roles.map((role) => role.name)])],
        },
        warnings: findings.filter((finding) => finding.severity === "warning").map(formatFinding),
        files: [...new Set([...inference.files, ...inference.sources].map(({ file }) => resolve(file)))].sort(),
    };
}
