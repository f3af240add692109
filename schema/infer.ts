/** The one entry: files of a schema in, upstreams and all that is to be said about them out. */

import type { Upstream } from "../upstreams/model";
import { loadParser } from "../upstreams/parser";
import { key } from "./derive/catalog";
import type { Database } from "./derive/database";
import { dblinkNeeds } from "./derive/dblink";
import { finish } from "./derive/finish";
import { databaseCatalog, declaredCatalog, type UpstreamCatalog } from "./derive/given";
import { Interpreter } from "./derive/interpreter";
import { emit } from "./emit/emit";
import { type FileSystem, nodeFileSystem } from "./read/filesystem";
import { planFiles } from "./read/plan";
import { Reader } from "./read/script";
import type { Finding, Inference, LocalRole, Progress, Source, Tool } from "./report";

export interface InferInput {
    /** Files and folders, in the order in which they run. */
    readonly paths: readonly string[];
    /** Values of placeholders and psql variables. */
    readonly variables?: Readonly<Record<string, string>>;
    /** How the files are ordered and cut, where the folder doesn't tell. */
    readonly tool?: Tool;
    /** User of the dev database, whom CURRENT_USER means; `postgres` unless given. */
    readonly devUser?: string;
    /** After `\c`: the database that is the dev database; found by itself unless given. */
    readonly database?: string;
    /** Upstreams that the configuration declares: tables of imports come from them. */
    readonly declared?: readonly Upstream[];
    readonly fileSystem?: FileSystem;
    readonly onProgress?: (progress: Progress) => void;
}

/**
 * Reads the schema and derives the upstreams that it expects. Problems of the schema are findings; nothing in a file
 * makes this throw.
 */
export async function inferUpstreams(input: InferInput): Promise<Inference> {
    await loadParser();
    const fs = input.fileSystem ?? nodeFileSystem;
    const interpreter = new Interpreter(input.devUser ?? "postgres");
    const findings = interpreter.shared.findings;
    const reader = new Reader(fs, new Map(Object.entries(input.variables ?? {})), {
        session: () => interpreter.session(),
        statement: (statement) => interpreter.statement(statement),
        finding: (finding) => findings.push(finding),
    });
    const declared = new Map(
        (input.declared ?? []).map((upstream, index) => [upstream.database, declaredCatalog(upstream, index)]),
    );
    interpreter.shared.describes = (database, schema, table) =>
        declared
            .get(database)
            ?.tables(schema)
            ?.some(({ name }) => name === table) ??
        interpreter.databases.get(database)?.catalog.relations.has(key(schema, table)) ??
        false;
    const plan = await planFiles(input.paths, fs, input.tool);
    for (const finding of plan.findings) {
        findings.push(finding);
    }
    for (const [index, planned] of plan.files.entries()) {
        input.onProgress?.({ file: planned.file, done: index, total: plan.files.length });
        await reader.root(planned);
    }
    input.onProgress?.({ file: "", done: plan.files.length, total: plan.files.length });

    for (const name of reader.unused()) {
        const open = [...reader.standIns.values()].map((each) => each.name);
        findings.add(
            "warning",
            "variable-unused",
            `No file that was read has the placeholder ${JSON.stringify(name)}, for which \`variables\` gives a value.${open.length === 0 ? "" : ` Placeholders without a value: ${[...new Set(open)].join(", ")}.`} Check the spelling, or remove it.`,
        );
    }

    const own = ownDatabase(interpreter, input.database);
    const given = new Map<string, UpstreamCatalog>();
    for (const [label, db] of interpreter.databases) {
        if (db !== own && label !== undefined) {
            finish(db, interpreter.ran);
            given.set(label, databaseCatalog(db, false));
        }
    }
    for (const [database, catalog] of declared) {
        given.set(database, catalog);
    }
    finish(own, interpreter.ran);
    dblinkNeeds(own);
    const { upstreams, origins } = emit(own, interpreter.roles, reader.standIns, given, own.label);
    for (const [label, db] of interpreter.databases) {
        if (
            db !== own &&
            label !== undefined &&
            db.substance > 0 &&
            !upstreams.some(({ database }) => database === label)
        ) {
            findings.add(
                "note",
                "other-database",
                `The statements after \\c ${label} are for a database that is neither the dev database nor an upstream; they are read and not run.`,
            );
        }
    }
    return {
        upstreams,
        origins,
        roles: localRoles(interpreter, upstreams, input.devUser ?? "postgres", own.label),
        findings: ordered(findings.list),
        sources: interpreter.sources.map(({ label, ...source }): Source => {
            const database = interpreter.databases.get(label);
            return database === own || label === undefined ? source : { ...source, database: label };
        }),
        files: reader.files,
    };
}

/** The database under development: the one before any `\c`, unless all that matters comes after one. */
function ownDatabase(interpreter: Interpreter, wanted: string | undefined): Database {
    const all = [...interpreter.databases.values()];
    return (
        all.find(({ label }) => wanted !== undefined && label === wanted) ??
        all.find(({ foreignObjects }) => foreignObjects > 0) ??
        all.find(({ substance }) => substance > 0) ??
        interpreter.database(undefined)
    );
}

/** Roles that must be there before the schema runs. */
function localRoles(
    interpreter: Interpreter,
    upstreams: readonly Upstream[],
    devUser: string,
    own: string | undefined,
): LocalRole[] {
    const users = new Set(upstreams.flatMap((upstream) => upstream.users.map(({ name }) => name)));
    return [...interpreter.roles.mentioned]
        .filter(([name]) => {
            const created = interpreter.roles.created.get(name);
            const here = created !== undefined && (created.label === undefined || created.label === own);
            return name !== devUser && !users.has(name) && !(here && !created.guarded);
        })
        .map(([name, place]) => ({ name, place }));
}

const ORDER = ["error", "warning", "note"];

/** Errors first; within a severity in the order of reading. */
function ordered(findings: readonly Finding[]): Finding[] {
    return [...findings].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
