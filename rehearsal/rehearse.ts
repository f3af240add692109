/** Passes over a schema until nothing changes, and the proof. */

import { isIP } from "node:net";
import type Docker from "dockerode";
import { DatabaseError } from "pg-protocol";
import type { FileSystem } from "../schema/read/filesystem";
import { type ReadResult, readSchema } from "../schema/read/read";
import { findStandIn } from "../schema/read/standins";
import type { ReaderEvents, ReadStatement } from "../schema/read/statement";
import type { Finding, Inference, LocalRole, Progress, Tool, UpstreamOrigin } from "../schema/report";
import { connectionNeeds } from "../upstreams/connection";
import type { Upstream } from "../upstreams/model";
import { type RehearsalOptions, RehearsalServer } from "./container";
import { failureContext } from "./contract/context";
import { contractFindings, contractKey, contractOrigins, withContracts } from "./contract/result";
import { type Contract, runContract } from "./contract/run";
import { completed, type DeclaredStubs, declaredName, declaredStubs } from "./declared";
import type { Facts, FailureFact } from "./facts";
import { failureFindings } from "./failures";
import type { FinalServer } from "./final";
import { inspected } from "./inspecting";
import type { Inspect } from "./inspection";
import { type Knowledge, noKnowledge, plainNames } from "./knowledge";
import { LearningPass, Unread } from "./learning";
import { mergeDeclared, placeUpstreams, sharedDatabases } from "./placement";
import { ProofPass, StubError } from "./proof";
import { type Result, resultOf, type StubContent } from "./result";
import { DISK_FULL } from "./session";
import { several } from "./several";
import { dumpStub, immovableIn, tablesOf } from "./stubs";

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
    /** Compares the schema with the contracts of its upstreams, after the proof. */
    readonly inspect?: Inspect;
    /** The server that a stack of these upstreams has. */
    readonly final: (upstreams: readonly Upstream[], roles: readonly string[]) => Promise<FinalServer>;
    readonly fileSystem?: FileSystem;
    /** Whether the container may be one that rests, and rests afterwards for some minutes. */
    readonly rests?: boolean;
    readonly onProgress?: (progress: Progress) => void;
    readonly signal?: AbortSignal;
}

interface Learnt {
    readonly result: Result;
    /** SQL that fills each stub in the next pass, by database. */
    readonly texts: ReadonlyMap<string, string>;
    readonly reading: ReadResult;
    /** The statements of each session. */
    readonly files: ReadonlyArray<readonly ReadStatement[]>;
    readonly facts: Facts;
    /** Marks of the statements that failed. */
    readonly failures: ReadonlySet<string>;
    /** The script's databases turned out to be others than this pass took them for. */
    readonly moved: boolean;
}

interface Proven {
    readonly final: FinalServer;
    readonly facts: Facts;
    readonly upstreams: readonly Upstream[];
    readonly roles: readonly LocalRole[];
}

/**
 * Runs a schema on a throw-away server and derives the upstreams that it needs.
 *
 * @throws InputError when the image cannot be used, or a declared upstream's own DDL fails; nothing in a schema makes
 *   this throw; the signal's reason when it is aborted.
 */
export async function rehearse(docker: Docker, input: RehearsalInput): Promise<Inference> {
    const server = await (input.rests === true ? RehearsalServer.next : RehearsalServer.start)(docker, input);
    const stop = () => void server.end();
    input.signal?.addEventListener("abort", stop, { once: true });
    let end = () => server.end();
    try {
        const inference = await rehearseOn(server, input);
        end = () => (input.rests === true ? server.rest() : server.end());
        return inference;
    } catch (error) {
        // What breaks then breaks because the container is gone.
        input.signal?.throwIfAborted();
        throw error;
    } finally {
        input.signal?.removeEventListener("abort", stop);
        await end();
    }
}

/** The same on a server that is there: each pass begins with a fresh cluster. */
export function rehearseOn(server: RehearsalServer, input: RehearsalInput): Promise<Inference> {
    return new Rehearsal(server, input).run();
}

class Rehearsal {
    private readonly knowledge: Knowledge;
    /** By what runs them. */
    private readonly contracts = new Map<string, Contract>();
    /** The declared upstreams, each once, where they are as far as that is known. */
    private declared: readonly Upstream[] = [];
    private onDisk = false;
    /** No statement is read before the one before it has run. */
    private careful = false;

    constructor(
        private readonly server: RehearsalServer,
        private readonly input: RehearsalInput,
    ) {
        this.knowledge = noKnowledge(input.roles);
    }

    async run(): Promise<Inference> {
        const { answering } = this.server;
        await answering.place("memory");
        try {
            return await this.passes();
        } catch (error) {
            if (!(error instanceof DatabaseError && error.code === DISK_FULL)) {
                throw error;
            }
        }
        await answering.place("disk");
        this.onDisk = true;
        return this.passes();
    }

    /** On disk it is the schema's own failure that there is no room. */
    private demandRoom({ failures }: Facts): void {
        const full = this.onDisk ? undefined : failures.find(({ code }) => code === DISK_FULL);
        if (full !== undefined) {
            throw Object.assign(new DatabaseError(full.message, 0, "error"), { code: DISK_FULL });
        }
    }

    private async passes(): Promise<Inference> {
        const { knowledge, input } = this;
        for (const database of sharedDatabases(input.declared)) {
            knowledge.shared.add(database);
        }
        let declared = await this.place([]);
        let texts = declared.texts;
        for (let pass = 1; ; pass += 1) {
            const learnt = await this.learn(texts, declared).catch((error: unknown) => {
                if (this.careful || !(error instanceof Unread)) {
                    throw error;
                }
                this.careful = true;
                return this.learn(texts, declared);
            });
            const last = pass === MAX_PASSES;
            const replaced = await this.replace(learnt.result.origins);
            if (replaced !== undefined && !last) {
                declared = replaced;
                texts = declared.texts;
                continue;
            }
            if (learnt.moved && !last) {
                texts = learnt.texts;
                continue;
            }
            const settled = last || (pass > 1 && sameTexts(texts, learnt.texts));
            const proven = await this.prove(learnt).catch((error: unknown) => {
                // A column that rows are for may be known in the next pass only.
                if (error instanceof StubError && !settled) {
                    return undefined;
                }
                throw error;
            });
            if (proven === undefined) {
                texts = learnt.texts;
                continue;
            }
            // What fails in the proof only is what another pass over these stubs may find the reason of.
            const news = proven.facts.failures.some(
                (failure) => !learnt.failures.has(markOf(failure)) && !this.isMissingPrivilege(failure),
            );
            if (!news || settled) {
                return this.inference(learnt, proven);
            }
            texts = learnt.texts;
        }
    }

    /** A privilege that a contract does not give: while it is learnt, everybody is superuser at the upstreams. */
    private isMissingPrivilege({ code, where = "" }: FailureFact): boolean {
        return this.contracts.size > 0 && code === "42501" && where.includes("remote SQL command:");
    }

    /** Whether a variable that the schema does not use is one of a contract's. */
    private isUsedByContract({ code, message }: Finding): boolean {
        const all = [...this.contracts.values()];
        const names = all.flatMap(({ variables }) => variables.map((name) => JSON.stringify(name)));
        return code === "variable-unused" && names.some((name) => message.includes(`placeholder ${name},`));
    }

    /** Runs each contract once, whatever the number of upstreams that it stands for. */
    private async runContracts(upstreams: readonly Upstream[]): Promise<void> {
        const { variables, devUser, fileSystem, onProgress } = this.input;
        for (const upstream of upstreams) {
            const { contract: paths, database } = upstream;
            const key = contractKey(upstream);
            if (paths !== undefined && !this.contracts.has(key)) {
                const contract = await runContract(this.server, {
                    paths,
                    database,
                    devUser,
                    variables,
                    ...(fileSystem === undefined ? {} : { fileSystem }),
                    ...(onProgress === undefined ? {} : { onProgress }),
                });
                this.contracts.set(key, contract);
            }
        }
    }

    /** Makes the stubs of the declared upstreams where the schema asks for them, as far as that is known. */
    private async place(asked: readonly UpstreamOrigin[]): Promise<DeclaredStubs> {
        const { knowledge, input, contracts } = this;
        this.declared = mergeDeclared(placeUpstreams(input.declared, asked));
        await this.runContracts(this.declared);
        const stubs = await declaredStubs(this.server, this.declared, contracts, plainNames(knowledge));
        knowledge.frozen.clear();
        for (const database of stubs.contracts.keys()) {
            knowledge.frozen.add(database);
        }
        return stubs;
    }

    /** The stubs of the declared upstreams, where this pass took them to be somewhere else than they are. */
    private async replace(asked: readonly UpstreamOrigin[]): Promise<DeclaredStubs | undefined> {
        const { knowledge, input } = this;
        const names = () => this.declared.map((each) => declaredName(each, plainNames(knowledge))).join("\0");
        const before = names();
        let parted = false;
        for (const database of [...knowledge.shared]) {
            if (asked.filter((each) => each.database === database).length > 1) {
                knowledge.shared.delete(database);
                parted = true;
            }
        }
        this.declared = mergeDeclared(placeUpstreams(input.declared, asked));
        return parted || names() !== before ? this.place(asked) : undefined;
    }

    private async inference(learnt: Learnt, { facts, upstreams, roles, final }: Proven): Promise<Inference> {
        const { contracts, knowledge } = this;
        const { strict, devUser, devDatabase, inspect } = this.input;
        const { origins } = learnt.result;
        const comparison =
            inspect === undefined || contracts.size === 0
                ? { findings: [], tables: [] }
                : await inspected(this.server, inspect, {
                      upstreams,
                      origins,
                      contracts,
                      facts: learnt.facts,
                      final,
                      devDatabase,
                  });
        return {
            upstreams,
            origins,
            roles,
            findings: ordered([
                ...learnt.reading.findings.filter((finding) => !this.isUsedByContract(finding)),
                ...learnt.result.findings,
                ...contractFindings({ upstreams, origins, contracts, devUser, hasSchema: this.input.paths.length > 0 }),
                ...failureFindings(facts.failures, {
                    strict,
                    mappings: learnt.facts.mappings,
                    devUser,
                    contract: failureContext(learnt.facts, upstreams, contracts, plainNames(knowledge)),
                }),
            ]),
            contracts: contractOrigins(upstreams, contracts),
            contractFindings: comparison.findings,
            compared: comparison.tables,
            sources: learnt.files.flat(),
            files: learnt.reading.files,
            ran: { statements: facts.statements, failed: facts.failures.length },
        };
    }

    /** One pass in which everything is answered, over stubs that are there already. */
    private async learn(texts: ReadonlyMap<string, string>, declared: DeclaredStubs): Promise<Learnt> {
        const { server, input, knowledge } = this;
        const pass = new LearningPass(server, {
            devDatabase: input.devDatabase,
            stubs: texts,
            given: declared.given,
            frozen: new Map([...declared.contracts].map(([database, { tables }]) => [database, tables])),
            knowledge,
            baseline: input.baseline,
        });
        try {
            await pass.begin();
            const files: ReadStatement[][] = [];
            const reading = await this.read({
                session: (file) => {
                    files.push([]);
                    return pass.session(file);
                },
                statement: (statement, awaited) => {
                    files.at(-1)?.push(statement);
                    return pass.statement(statement, awaited || this.careful);
                },
                late: () => {
                    if (!this.careful) {
                        throw new Unread();
                    }
                },
            });
            const end = await pass.finish();
            this.demandRoom(pass.facts);
            const stubs = new Map<string, StubContent>();
            for (const [database, { tables }] of declared.contracts) {
                stubs.set(database, { entries: [], immovable: new Set(), tables });
            }
            const others = end.databases.filter((name) => !declared.contracts.has(name));
            const contents = await several(others, async (database): Promise<StubContent | undefined> => {
                const session = await pass.stub(database);
                const tables = await tablesOf(session);
                // Every cluster has the database postgres; it is a stub where something is in it.
                if (database === "postgres" && tables.length === 0) {
                    return undefined;
                }
                const rows = knowledge.scripted.has(database) ? "" : (declared.rows.get(database) ?? "");
                const entries = await dumpStub(server, database, rows);
                return { entries, immovable: await immovableIn(session), tables };
            });
            others.forEach((database, at) => {
                const content = contents[at];
                if (content !== undefined) {
                    stubs.set(database, content);
                }
            });
            const settled = pass.settled();
            const result = resultOf({
                facts: pass.facts,
                end,
                stubs,
                plain: plainNames(knowledge),
                used: settled.tables,
                own: new Set([input.devDatabase]),
                devUser: input.devUser,
                standsIn: (text) => findStandIn(reading.standIns, text) !== undefined,
            });
            const moved = this.settleDatabases(pass);
            const next = new Map(
                [...stubs]
                    .filter(([database]) => database !== knowledge.ownDatabase && !knowledge.scripted.has(database))
                    .map(([database, { entries }]) => [
                        database,
                        declared.contracts.get(database)?.text ?? entries.join("\n"),
                    ]),
            );
            return {
                result: {
                    ...result,
                    findings: [...result.findings, ...settled.findings, ...this.unanswered(pass.facts)],
                },
                texts: next,
                reading,
                files,
                facts: pass.facts,
                failures: new Set(pass.facts.failures.map(markOf)),
                moved,
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
            ({ handled, options }) =>
                handled && connectionNeeds(options).targets.some(({ host, hostaddr = host }) => isIP(hostaddr) !== 0),
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

    private async prove({ result, reading, files }: Learnt): Promise<Proven> {
        const { input } = this;
        const upstreams = withContracts(completed(this.declared, result.upstreams), this.contracts);
        const users = new Set(upstreams.flatMap((each) => each.users.map(({ name }) => name)));
        const roles = [...this.knowledge.roles].flatMap(([name, place]) =>
            place === undefined || users.has(name) || name === input.devUser ? [] : [{ name, place }],
        );
        const final = await input.final(upstreams, [...input.roles, ...roles.map(({ name }) => name)]);
        const proof = new ProofPass(this.server, {
            devDatabase: input.devDatabase,
            devUser: input.devUser,
            ownDatabase: this.knowledge.ownDatabase,
            baseline: input.baseline,
            final,
        });
        try {
            await proof.begin();
            if (reading.dependsOnResults) {
                await this.read({
                    session: (file) => proof.session(file),
                    statement: (statement) => proof.statement(statement),
                });
            } else {
                await proof.all(files);
            }
        } finally {
            proof.end();
        }
        this.demandRoom(proof.facts);
        return { final, facts: proof.facts, upstreams, roles };
    }

    private read(events: ReaderEvents): Promise<ReadResult> {
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
            events,
        );
    }
}

function sameTexts(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
    return a.size === b.size && [...a].every(([database, text]) => b.get(database) === text);
}

/** What makes two failures the same in two passes. */
function markOf({ place, code, message }: FailureFact): string {
    return JSON.stringify([place.file, place.line, code, message]);
}

const ORDER = ["error", "warning", "note"];

/** Errors first; within a severity in the order of reading. */
function ordered(findings: readonly Finding[]): Finding[] {
    return [...findings].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
