/** Runs a contract on a cluster of its own and reads back what a stub is made of. */

import { flow } from "../../schema/configline";
import type { FileSystem } from "../../schema/read/filesystem";
import { type ReadResult, readSchema } from "../../schema/read/read";
import type { Finding, Progress } from "../../schema/report";
import { type InputError, inputError } from "../../upstreams/errors";
import type { Extension } from "../../upstreams/model";
import { placesSql, type RehearsalServer } from "../container";
import { withoutExtensions } from "../ddl";
import type { FailureFact } from "../facts";
import { failureFindings } from "../failures";
import { noKnowledge } from "../knowledge";
import { LearningPass, Unread } from "../learning";
import { dumpEntries, dumpStub, immovableIn, type StubTable, tablesOf } from "../stubs";
import { stubEntries } from "./entries";
import { sortFailures } from "./failures";
import { leftOutIn, TAKE_AWAY } from "./left-out";
import { type ContractPlaces, placesOf } from "./places";
import { type Privileges, privilegesIn } from "./privileges";

/** Passes in which a contract's own upstreams are found out; most have none. */
const MAX_PASSES = 3;
/** Findings that say that something is not read which should be. */
const NOT_READ = new Set(["unparsed", "unparsed-foreign"]);
/** Databases of every cluster, which a dump of a whole one connects to. */
const COMMON = new Set(["postgres", "template1"]);
/** Failures in one error. */
const SHOWN = 20;

export interface ContractInput {
    /** Files and folders. */
    readonly paths: readonly string[];
    /** The upstream's database. */
    readonly database: string;
    readonly devUser: string;
    readonly variables: Readonly<Record<string, string>>;
    readonly fileSystem?: FileSystem;
    readonly onProgress?: (progress: Progress) => void;
}

/** What a contract makes, as a stub has it. */
export interface Contract {
    readonly paths: readonly string[];
    readonly database: string;
    readonly extensions: readonly Extension[];
    /** Everything else but what names roles, in order. */
    readonly ddl: readonly string[];
    readonly policies: readonly string[];
    readonly privileges: Privileges;
    /** SQL that makes all of it where there are no roles. */
    readonly text: string;
    readonly tables: readonly StubTable[];
    readonly places: ContractPlaces;
    readonly findings: readonly Finding[];
    /** Every file that was read. */
    readonly files: readonly string[];
    /** Names of the variables that its files use. */
    readonly variables: readonly string[];
}

interface Ran {
    readonly pass: LearningPass;
    readonly reading: ReadResult;
    readonly failures: readonly FailureFact[];
    readonly files: ReadonlySet<string>;
    /** The database that the tables are for, where they come after `\c` to another one. */
    readonly other: string | undefined;
    /** Databases of the cluster but the contract's own. */
    readonly databases: readonly string[];
}

async function runOnce(
    server: RehearsalServer,
    input: ContractInput,
    stubs: ReadonlyMap<string, string>,
    ownDatabase: string | undefined,
    careful = false,
): Promise<Ran> {
    const { paths, database, devUser, variables, fileSystem, onProgress } = input;
    const knowledge = { ...noKnowledge([]), ownDatabase };
    const pass = new LearningPass(server, {
        devDatabase: database,
        stubs,
        given: new Map(),
        frozen: new Map(),
        knowledge,
        baseline: [],
    });
    try {
        await pass.begin();
        await (await pass.stub(database)).rows(placesSql());
        const files = new Set<string>();
        const named = new Set<string>();
        const reading = await readSchema(
            {
                paths,
                variables,
                defaults: { DBNAME: database, USER: devUser, HOST: "/var/run/postgresql", PORT: "5432" },
                ...(fileSystem === undefined ? {} : { fileSystem }),
                ...(onProgress === undefined ? {} : { onProgress }),
            },
            {
                session: (file) => pass.session(file),
                statement: (statement, awaited) => {
                    files.add(statement.file);
                    if (statement.database !== undefined && !COMMON.has(statement.database)) {
                        named.add(statement.database);
                    }
                    return pass.statement(statement, awaited || careful);
                },
            },
        );
        const { databases } = await pass.finish();
        const [only] = named;
        const isEmpty = pass.facts.relations.length === 0;
        return {
            pass,
            reading,
            files,
            failures: pass.facts.failures,
            databases,
            other: isEmpty && named.size === 1 && only !== database && only !== ownDatabase ? only : undefined,
        };
    } catch (error) {
        pass.end();
        if (careful || !(error instanceof Unread)) {
            throw error;
        }
    }
    return runOnce(server, input, stubs, ownDatabase, true);
}

/** Runs it until nothing that it asks for is missing. */
async function run(server: RehearsalServer, input: ContractInput): Promise<Ran> {
    let stubs: ReadonlyMap<string, string> = new Map();
    let ownDatabase: string | undefined;
    for (let pass = 1; ; pass += 1) {
        const ran = await runOnce(server, input, stubs, ownDatabase);
        const { serious } = sortFailures(ran.failures, input.devUser);
        if (pass === MAX_PASSES || (serious.length === 0 && ran.other === undefined)) {
            return ran;
        }
        try {
            const next = new Map<string, string>();
            for (const database of ran.databases.filter((name) => name !== "postgres" && name !== ran.other)) {
                next.set(database, (await dumpStub(server, database, "")).join("\n"));
            }
            if (ran.other === undefined && next.size === 0) {
                return ran;
            }
            stubs = next;
            ownDatabase = ran.other;
        } catch (error) {
            ran.pass.end();
            throw error;
        }
        ran.pass.end();
    }
}

/**
 * Runs a contract in a database of the upstream's name, on a cluster of its own: its roles are no other's.
 *
 * @throws InputError with file, line and PostgreSQL's message of what it refuses, and for what cannot be read.
 */
export async function runContract(server: RehearsalServer, input: ContractInput): Promise<Contract> {
    const { database, paths, devUser } = input;
    const { pass, reading, failures, files } = await run(server, input);
    try {
        const { lacking, serious } = sortFailures(failures, devUser);
        const unread = reading.findings.filter(({ severity, code }) => severity === "error" || NOT_READ.has(code));
        if (unread.length > 0 || serious.length > 0) {
            throw unusable(input, [
                ...unread,
                ...failureFindings([...lacking.values(), ...serious], { strict: true, mappings: [], devUser }),
            ]);
        }
        const session = await pass.stub(database);
        const leftOut = await leftOutIn(session);
        const privileges = await privilegesIn(session);
        await session.rows(TAKE_AWAY);
        const { made, policies } = stubEntries(await dumpEntries(server, database));
        const { extensions, rest } = withoutExtensions(made, await immovableIn(session));
        const tables = await tablesOf(session);
        const [file = ""] = paths;
        return {
            paths,
            database,
            extensions,
            ddl: rest,
            policies,
            privileges,
            text: ["SET check_function_bodies TO off;", ...made].join("\n"),
            tables,
            places: placesOf(pass.facts.relations),
            files: [...files],
            variables: Object.keys(input.variables).filter(
                (name) =>
                    !reading.findings.some(
                        ({ code, message }) =>
                            code === "variable-unused" && message.includes(`placeholder ${JSON.stringify(name)},`),
                    ),
            ),
            findings: [
                ...reading.findings.filter(({ code }) => code !== "variable-unused"),
                ...[...lacking].map(
                    ([name, { place }]): Finding => ({
                        severity: "warning",
                        code: "contract-extension",
                        message: `The image lacks the extension ${name}, which the contract of ${database} creates; the stub is without it. Name an image that has it with the key \`image\`.`,
                        ...place,
                    }),
                ),
                ...(leftOut.length === 0
                    ? []
                    : [
                          {
                              severity: "note",
                              code: "contract-left-out",
                              message: `The stub of ${database} leaves out of its contract: ${leftOut.join("; ")}.`,
                              file,
                          } as const,
                      ]),
                ...(tables.length > 0
                    ? []
                    : [
                          {
                              severity: "warning",
                              code: "contract-empty",
                              message: `The contract of ${database} makes no table; the stub is empty.`,
                              file,
                          } as const,
                      ]),
            ],
        };
    } finally {
        pass.end();
    }
}

/** One error with all reasons, each with file and line. */
function unusable({ database, paths }: ContractInput, findings: readonly Finding[]): InputError {
    const reasons = findings.map(({ message, file, line, config }) => {
        const place = file === undefined ? "" : line === undefined ? `${file}: ` : `${file}:${line}: `;
        return `${place}${message}${config === undefined ? "" : ` In the configuration: ${config}`}`;
    });
    const more = reasons.length - SHOWN;
    return inputError(`The contract of the upstream database ${flow(database)} (${paths.join(", ")}) cannot be used`, [
        ...reasons.slice(0, SHOWN),
        ...(more > 0 ? [`${more} more statements are refused.`] : []),
    ]);
}
