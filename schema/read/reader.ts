/**
 * Goes through files as psql would: follows `\i`, `\set`, `\if` and `\c`, fills placeholders, and hands each statement
 * to whoever runs it. What that one cannot read is reported, and reading goes on after it.
 */

import { quoteIdentUnchecked } from "../../upstreams/quote";
import type { Finding, Place, ReadFile, Severity, Tool } from "../report";
import type { IncludeOutcome, ReaderContext } from "./context";
import { FileRun } from "./file";
import type { FileSystem } from "./filesystem";
import { loadText } from "./load";
import { Missing } from "./missing";
import { findFile, type NamedIn } from "./paths";
import type { PlannedFile } from "./plan";
import type { ConnectTarget } from "./psql";
import { upSections } from "./sections";
import { StandIns } from "./standins";
import type { ReaderEvents, ReadStatement, StatementOutcome } from "./statement";
import { Variables } from "./variables";

const MAX_INCLUDES = 32;
/** What psql sets after each statement. */
const RESULTS = /:[{'"?]*(?:ERROR|SQLSTATE|ROW_COUNT|LAST_ERROR_(?:MESSAGE|SQLSTATE))\b/;

export interface ReaderOptions {
    /** Values that the user gives. */
    readonly variables: Readonly<Record<string, string>>;
    /** Values of psql's own variables, such as `DBNAME` and `USER`. */
    readonly defaults: Readonly<Record<string, string>>;
    /** Whether statements are run, so that a query has rows. */
    readonly server: boolean;
}

export class Reader implements ReaderContext {
    readonly files: ReadFile[] = [];
    readonly findings: Finding[] = [];
    readonly standIns = new StandIns();
    readonly missing = new Missing();
    readonly variables: Variables;
    readonly server: boolean;
    /** Whether what was read depends on what statements returned. */
    dependsOnResults = false;
    /** Variables that were asked for with `:{?x}` and had no value. */
    private readonly undefinedNames = new Map<string, Place>();
    /** A text that was read asks for what a statement gave. */
    private awaiting = false;
    private database: string | undefined;
    private user: string | undefined;

    constructor(
        private readonly fs: FileSystem,
        private readonly events: ReaderEvents,
        options: ReaderOptions,
    ) {
        this.server = options.server;
        this.variables = new Variables(
            new Map(Object.entries(options.variables)),
            new Map(Object.entries(options.defaults)),
        );
    }

    /** Reads one file of the plan, in a session of its own. */
    async root(planned: PlannedFile): Promise<void> {
        this.database = undefined;
        this.user = undefined;
        this.variables.reset();
        await this.events.session(planned.file);
        await this.file({ file: planned.file, root: planned.root, folder: "" }, planned.tool, []);
    }

    depend(): void {
        this.dependsOnResults = true;
    }

    /** Says what is missing in all that was read; called once, at the end. */
    close(): void {
        for (const [name, place] of this.undefinedNames) {
            if (!this.variables.isSetSomewhere(name)) {
                this.missing.add({
                    name,
                    severity: "note",
                    code: "placeholder",
                    message: `Nothing gives ${name} a value, so :{?${name}} is false.`,
                    place,
                    optional: true,
                });
            }
        }
        this.findings.push(...this.missing.findings(this.standIns.all.values()));
        const open = [...new Set([...this.standIns.all.values()].map(({ name }) => name))];
        for (const name of this.variables.unused()) {
            this.findings.push({
                severity: "warning",
                code: "variable-unused",
                message: `No file that was read has the placeholder ${JSON.stringify(name)}, for which \`variables\` gives a value.${open.length === 0 ? "" : ` Placeholders without a value: ${open.join(", ")}.`} Check the spelling, or remove it.`,
            });
        }
    }

    private async file(from: NamedIn, planned: Tool, including: readonly string[]): Promise<void> {
        const { file } = from;
        const text = await loadText(this.fs, file, (finding) => this.findings.push(finding));
        if (text === undefined) {
            return;
        }
        const sections = upSections(text);
        for (const [name, value] of sections.properties) {
            this.variables.define(name, value);
        }
        if (!this.awaiting && RESULTS.test(sections.text)) {
            this.awaiting = true;
            if (including.length > 0) {
                this.events.late?.();
            }
        }
        const run = new FileRun(this, sections.text, from, including);
        await run.all();
        this.files.push({
            file,
            tool: planned === "plain" && sections.tool !== undefined ? sections.tool : planned,
            statements: run.count,
        });
    }

    report(severity: Severity, code: string, message: string, place: Place, config?: string): void {
        this.findings.push({ severity, code, message, ...place, ...(config === undefined ? {} : { config }) });
    }

    async send(statement: Omit<ReadStatement, "database">, awaited: boolean): Promise<StatementOutcome> {
        const { database } = this;
        const outcome = await this.events.statement(
            database === undefined ? statement : { ...statement, database },
            awaited || this.awaiting,
        );
        this.variables.ran(outcome);
        return outcome;
    }

    async connect({ database, user }: ConnectTarget, place: Place): Promise<void> {
        this.database = database ?? this.database;
        this.user = user ?? this.user;
        this.variables.connected(this.database, this.user);
        await this.events.session(place.file);
        if (this.user !== undefined && this.user !== this.variables.loginUser) {
            const name = quoteIdentUnchecked(this.user);
            await this.send(
                { ...place, sql: `SET SESSION AUTHORIZATION ${name}`, words: ["SET", "SESSION", "AUTHORIZATION"] },
                false,
            );
        }
    }

    async include(
        path: string,
        relative: boolean,
        from: NamedIn,
        including: readonly string[],
    ): Promise<IncludeOutcome> {
        const found = await findFile(this.fs, path, from, relative);
        if (found === undefined) {
            return "missing";
        }
        const within = [...including, from.file];
        if (within.includes(found) || within.length > MAX_INCLUDES) {
            return "cycle";
        }
        await this.file({ ...from, file: found }, "plain", within);
        return "done";
    }

    async data(path: string, from: NamedIn): Promise<string | undefined> {
        const found = await findFile(this.fs, path, from, false);
        return found === undefined ? undefined : loadText(this.fs, found, (finding) => this.findings.push(finding));
    }

    isDefined(name: string, place: Place): boolean {
        const defined = this.variables.psql(name) !== undefined;
        if (!defined && !this.undefinedNames.has(name)) {
            this.undefinedNames.set(name, place);
        }
        return defined;
    }
}
