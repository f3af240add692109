/** Passes over a schema until nothing changes, and the proof. */

import { isIP } from "node:net";
import type Docker from "dockerode";
import type { FileSystem } from "../schema/read/filesystem";
import { type ReadResult, readSchema } from "../schema/read/read";
import { findStandIn } from "../schema/read/standins";
import type { ReaderEvents, ReadStatement } from "../schema/read/statement";
import type { Finding, Inference, Progress, Tool } from "../schema/report";
import type { Upstream } from "../upstreams/model";
import { type RehearsalOptions, RehearsalServer } from "./container";
import { completed, type DeclaredStubs, declaredStubs } from "./declared";
import { endpointsOf } from "./endpoints";
import type { Facts, MappingFact } from "./facts";
import { failureFindings } from "./failures";
import type { FinalServer } from "./final";
import { type Knowledge, noKnowledge } from "./knowledge";
import { LearningPass } from "./learning";
import { ProofPass } from "./proof";
import { type Result, resultOf, type StubContent } from "./result";
import { dumpStub, tablesOf } from "./stubs";

/** Passes after which what still changes is taken as it is. */
const MAX_PASSES = 4;

export interface RehearsalInput extends RehearsalOptions {
    /** Files and folders, in the order in which they run. */
    readonly paths: readonly string[];
    /** Values of placeholders and psql variables. */
    readonly variables: Readonly<Record<string, string>>;
    /** How the files are ordered and cut, where the folder doesn't tell. */
    readonly tool?: Tool;
    readonly devDatabase: string;
    /** Upstreams that the configuration declares. */
    readonly declared: readonly Upstream[];
    /** Roles without a login that the configuration declares. */
    readonly roles: readonly string[];
    /** Statements that every fresh database starts from. */
    readonly baseline: readonly string[];
    /** Whether a statement that fails is an error. */
    readonly strict: boolean;
    /** The server that a stack of these upstreams has. */
    readonly final: (upstreams: readonly Upstream[], roles: readonly string[]) => Promise<FinalServer>;
    readonly fileSystem?: FileSystem;
    readonly onProgress?: (progress: Progress) => void;
    readonly signal?: AbortSignal;
}

interface Learnt {
    readonly result: Result;
    /** SQL that fills each stub in the next pass, by database. */
    readonly texts: ReadonlyMap<string, string>;
    readonly reading: ReadResult;
    readonly sources: readonly ReadStatement[];
    readonly mappings: readonly MappingFact[];
    /** Whether another pass can find more. */
    readonly again: boolean;
}

/**
 * Runs a schema on a throw-away server and derives the upstreams that it needs.
 *
 * @throws InputError when the image cannot be used, or a declared upstream's own DDL fails; nothing in a schema makes
 *   this throw.
 */
export async function rehearse(docker: Docker, input: RehearsalInput): Promise<Inference> {
    const server = await RehearsalServer.start(docker, input);
    const stop = () => void server.end();
    input.signal?.addEventListener("abort", stop, { once: true });
    try {
        return await rehearseOn(server, input);
    } finally {
        input.signal?.removeEventListener("abort", stop);
        await server.end();
    }
}

/** The same on a server that is there: each pass begins with a fresh cluster. */
export function rehearseOn(server: RehearsalServer, input: RehearsalInput): Promise<Inference> {
    return new Rehearsal(server, input).run();
}

class Rehearsal {
    private readonly knowledge: Knowledge;

    constructor(
        private readonly server: RehearsalServer,
        private readonly input: RehearsalInput,
    ) {
        this.knowledge = noKnowledge(input.roles);
    }

    async run(): Promise<Inference> {
        const { input } = this;
        const declared = await declaredStubs(this.server, input.declared);
        let learnt = await this.learn(declared.texts, declared, 1);
        for (let pass = 2; pass <= MAX_PASSES && learnt.again; pass += 1) {
            learnt = await this.learn(learnt.texts, declared, pass);
        }
        const upstreams = completed(input.declared, learnt.result.upstreams);
        const users = new Set(upstreams.flatMap((each) => each.users.map(({ name }) => name)));
        const roles = [...this.knowledge.roles].flatMap(([name, place]) =>
            place === undefined || users.has(name) || name === input.devUser ? [] : [{ name, place }],
        );
        const proof = await this.prove(upstreams, [...input.roles, ...roles.map(({ name }) => name)]);
        return {
            upstreams,
            origins: learnt.result.origins,
            roles,
            findings: ordered([
                ...learnt.reading.findings,
                ...learnt.result.findings,
                ...failureFindings(proof.failures, {
                    strict: input.strict,
                    mappings: learnt.mappings,
                    devUser: input.devUser,
                }),
            ]),
            sources: learnt.sources,
            files: learnt.reading.files,
            ran: { statements: proof.statements, failed: proof.failures.length },
        };
    }

    /** One pass in which everything is answered, over stubs that are there already. */
    private async learn(texts: ReadonlyMap<string, string>, declared: DeclaredStubs, number: number): Promise<Learnt> {
        const { server, input, knowledge } = this;
        const pass = new LearningPass(server, {
            devDatabase: input.devDatabase,
            stubs: texts,
            given: declared.given,
            knowledge,
            baseline: input.baseline,
        });
        try {
            await pass.begin();
            const sources: ReadStatement[] = [];
            const reading = await this.read({
                session: (file) => pass.session(file),
                statement: (statement) => {
                    sources.push(statement);
                    return pass.statement(statement);
                },
            });
            const end = await pass.finish();
            const stubs = new Map<string, StubContent>();
            for (const database of end.databases) {
                const tables = await tablesOf(await pass.stub(database));
                const rows = knowledge.scripted.has(database) ? "" : (declared.rows.get(database) ?? "");
                // Every cluster has the database postgres; it is a stub where something is in it.
                if (database !== "postgres" || tables.length > 0) {
                    stubs.set(database, { entries: await dumpStub(server, database, rows), tables });
                }
            }
            const settled = pass.settled();
            const result = resultOf({
                facts: pass.facts,
                end,
                stubs,
                used: settled.tables,
                devDatabase: input.devDatabase,
                devUser: input.devUser,
                standsIn: (text) => findStandIn(reading.standIns, text) !== undefined,
            });
            const moved = this.settleDatabases(pass);
            const next = new Map(
                [...stubs]
                    .filter(([database]) => !knowledge.scripted.has(database))
                    .map(([database, { entries }]) => [database, entries.join("\n")]),
            );
            const unchanged = number > 1 && sameTexts(texts, next);
            return {
                result: {
                    ...result,
                    findings: [...result.findings, ...settled.findings, ...this.unanswered(pass.facts)],
                },
                texts: next,
                reading,
                sources,
                mappings: pass.facts.mappings,
                again: moved || (!unchanged && pass.leavesQuestions),
            };
        } finally {
            pass.end();
        }
    }

    /** Servers at an address, where the engine lets none be answered. */
    private unanswered({ servers }: Facts): Finding[] {
        if (this.server.answering.addresses) {
            return [];
        }
        const [first] = servers.filter(
            ({ handled, options }) => handled && endpointsOf(options).some(({ host }) => isIP(host) !== 0),
        );
        return first === undefined
            ? []
            : [
                  {
                      severity: "warning",
                      code: "addresses-unanswered",
                      message: `Server ${first.name} names an address, and this Docker engine does not let the rehearsal answer for addresses (it grants no NET_ADMIN); what connects to it fails here.`,
                      ...first.place,
                  },
              ];
    }

    /** Which of the databases that the script connects to is the one under development; whether that is news. */
    private settleDatabases({ foreignIn, scripted }: LearningPass): boolean {
        const { knowledge, input } = this;
        const before = JSON.stringify([knowledge.ownDatabase, ...knowledge.scripted]);
        if (knowledge.ownDatabase === undefined && !foreignIn.has(input.devDatabase)) {
            knowledge.ownDatabase = [...foreignIn].find((database) => scripted.has(database));
        }
        for (const database of scripted) {
            if (database !== knowledge.ownDatabase) {
                knowledge.scripted.add(database);
            }
        }
        return JSON.stringify([knowledge.ownDatabase, ...knowledge.scripted]) !== before;
    }

    private async prove(upstreams: readonly Upstream[], roles: readonly string[]): Promise<Facts> {
        const { input } = this;
        const proof = new ProofPass(this.server, {
            devDatabase: input.devDatabase,
            devUser: input.devUser,
            ownDatabase: this.knowledge.ownDatabase,
            baseline: input.baseline,
            final: await input.final(upstreams, roles),
        });
        try {
            await proof.begin();
            await this.read({
                session: (file) => proof.session(file),
                statement: (statement) => proof.statement(statement),
            });
        } finally {
            proof.end();
        }
        return proof.facts;
    }

    private read(events: Omit<ReaderEvents, "finding">): Promise<ReadResult> {
        const { paths, variables, tool, fileSystem, devDatabase, devUser, onProgress } = this.input;
        return readSchema(
            {
                paths,
                variables,
                defaults: { DBNAME: devDatabase, USER: devUser, HOST: "/var/run/postgresql", PORT: "5432" },
                ...(tool === undefined ? {} : { tool }),
                ...(fileSystem === undefined ? {} : { fileSystem }),
                ...(onProgress === undefined ? {} : { onProgress }),
            },
            { ...events, finding: () => undefined },
        );
    }
}

function sameTexts(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
    return a.size === b.size && [...a].every(([database, text]) => b.get(database) === text);
}

const ORDER = ["error", "warning", "note"];

/** Errors first; within a severity in the order of reading. */
function ordered(findings: readonly Finding[]): Finding[] {
    return [...findings].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
