/** What psql's meta-commands do to a script, as far as statements, variables and databases are concerned. */

import type { Place } from "../report";
import { type Conditions, psqlBoolean } from "./conditions";
import type { ReaderContext } from "./context";
import { copyCommand } from "./copy";
import type { LexedMeta, LexedStatement } from "./lexer";
import { variablesConfig } from "./missing";
import type { NamedIn } from "./paths";
import { type ArgumentHost, connectTarget, metaArguments, printedVariable, SENDERS } from "./psql";
import { madeStatements, setVariables } from "./results";
import { findStandIn } from "./standins";
import type { ReadStatement, StatementOutcome } from "./statement";

/** The file that the commands stand in. */
export interface MetaHost {
    readonly context: ReaderContext;
    readonly conditions: Conditions;
    readonly from: NamedIn;
    readonly including: readonly string[];
    /** The statement sent last: a command that sends without one sends it again. */
    readonly last: LexedStatement | undefined;
    statement(lexed: LexedStatement, awaited: boolean): Promise<StatementOutcome>;
    /** Sends statements that do not stand in the file as they are. */
    send(statements: Pick<ReadStatement, "sql" | "line" | "copyData">): Promise<void>;
    /** Rows that follow in the script. */
    copyData(): string | undefined;
    /** Throws the statement away that has begun. */
    reset(): void;
    changeFolder(folder: string): void;
    stop(): void;
}

const CONDITIONAL = new Set(["if", "elif", "else", "endif"]);
/** Commands that give parameters to statements, which are not followed. */
const PARAMETERS = new Set(["bind", "bind_named"]);

export class MetaCommands {
    /** `\bind` was given for the statement to come. */
    private bound = false;

    constructor(private readonly host: MetaHost) {}

    async run(meta: LexedMeta): Promise<void> {
        const { host } = this;
        const place: Place = { file: host.from.file, line: meta.line };
        if (CONDITIONAL.has(meta.command)) {
            this.condition(meta, place);
        } else if (host.conditions.active()) {
            if (SENDERS.has(meta.command)) {
                await this.sender(meta, place);
            } else {
                await this.command(meta, place);
            }
        }
    }

    /** Reads the arguments; a shell command in them is not run. */
    private arguments(meta: LexedMeta, place: Place, shell?: (command: string) => string | undefined): string[] {
        const { context } = this.host;
        const host: ArgumentHost = {
            variable: (name) => context.variables.psql(name),
            defined: (name) => context.isDefined(name, place),
            shell: shell ?? ((command) => this.shell(command)),
        };
        return metaArguments(meta.rest, host);
    }

    /** What `echo "$X"` prints is what `variables` says of X. */
    private shell(command: string): string | undefined {
        const printed = printedVariable(command);
        return printed === undefined
            ? undefined
            : (this.host.context.variables.template(printed.name) ?? printed.fallback);
    }

    private condition(meta: LexedMeta, place: Place): void {
        const { conditions } = this.host;
        switch (meta.command) {
            case "if":
                conditions.open(conditions.wants("if") && this.holds(meta, place));
                break;
            case "elif":
                conditions.elif(conditions.wants("elif") && this.holds(meta, place));
                break;
            case "else":
                conditions.elif(true);
                break;
            default:
                conditions.close();
        }
    }

    private holds(meta: LexedMeta, place: Place): boolean {
        const { context } = this.host;
        context.depend();
        const value = psqlBoolean(this.arguments(meta, place).join(" "));
        const name = /:['"]?([\w\u0080-\uffff]+)/.exec(meta.rest)?.[1];
        if (value === undefined) {
            const message = `The condition \\${meta.command}${meta.rest.trimEnd()} is neither true nor false here; psql takes it as false, and so does this.`;
            if (name !== undefined && context.variables.psql(name) === undefined) {
                context.missing.add({
                    name,
                    severity: "warning",
                    code: "psql-condition",
                    message: `${message} Give ${name} in \`variables\`.`,
                    place,
                });
            } else {
                context.report("warning", "psql-condition", message, place);
            }
        }
        return value ?? false;
    }

    private async sender(meta: LexedMeta, place: Place): Promise<void> {
        const { host } = this;
        const { context } = host;
        const lexed = meta.statement ?? host.last;
        if (lexed === undefined) {
            return;
        }
        if (this.bound || meta.command === "parse" || meta.command === "sendpipeline") {
            this.bound = false;
            context.report(
                "warning",
                "psql-skipped",
                "A statement with parameters of \\bind or \\parse is not run. Write their values into it.",
                place,
            );
            return;
        }
        if (meta.command === "gdesc") {
            // The query is described, not run.
            return;
        }
        const outcome = await host.statement(lexed, meta.command === "gset" || meta.command === "gexec");
        if (meta.command === "gset" || meta.command === "gexec") {
            context.depend();
        }
        if (meta.command === "gset") {
            setVariables(context, outcome, this.arguments(meta, place)[0] ?? "", place);
        } else if (meta.command === "gexec") {
            for (const sql of madeStatements(context, outcome, lexed.sql, place)) {
                await host.send({ sql, line: lexed.line });
            }
        }
    }

    private async command(meta: LexedMeta, place: Place): Promise<void> {
        const { host } = this;
        const { context } = host;
        switch (meta.command) {
            case "set":
                this.set(meta, place);
                break;
            case "unset":
                for (const name of this.arguments(meta, place).slice(0, 1)) {
                    context.variables.assign(name, undefined);
                }
                break;
            case "getenv": {
                const [name, variable] = this.arguments(meta, place);
                const value = variable === undefined ? undefined : context.variables.template(variable);
                if (name !== undefined && value !== undefined) {
                    context.variables.assign(name, value);
                }
                break;
            }
            case "i":
            case "include":
            case "ir":
            case "include_relative":
                await this.include(meta, place);
                break;
            case "cd":
                host.changeFolder(this.arguments(meta, place)[0] ?? "");
                break;
            case "c":
            case "connect":
                await this.connect(meta, place);
                break;
            case "copy":
                await this.copy(meta, place);
                break;
            case "r":
            case "reset":
                host.reset();
                break;
            case "q":
            case "quit":
                host.stop();
                break;
            case "!":
                context.report("note", "psql-skipped", "\\! is not run.", place);
                break;
            default:
                this.bound ||= PARAMETERS.has(meta.command);
        }
    }

    private set(meta: LexedMeta, place: Place): void {
        const { context } = this.host;
        const { variables } = context;
        let unknown: string | undefined;
        const [name, ...values] = this.arguments(meta, place, (command) => {
            const printed = this.shell(command);
            unknown ??= printed === undefined ? command : undefined;
            return printed;
        });
        if (name === undefined || name === "") {
            return;
        }
        if (unknown === undefined) {
            variables.assign(name, values.join(""));
        } else if (!variables.isGiven(name)) {
            context.report(
                "note",
                "psql-shell",
                `The shell command \`${unknown}\` is not run, so \\set gives ${name} no value.`,
                place,
                variablesConfig([name]),
            );
        }
    }

    private async include(meta: LexedMeta, place: Place): Promise<void> {
        const { host } = this;
        const name = this.arguments(meta, place)[0] ?? "";
        const relative = meta.command === "ir" || meta.command === "include_relative";
        const outcome = await host.context.include(name, relative, host.from, host.including);
        if (outcome !== "done") {
            const why = outcome === "missing" ? "no such file" : "it includes itself";
            host.context.report("error", `include-${outcome}`, `\\${meta.command} ${name}: ${why}.`, place);
        }
    }

    private async connect(meta: LexedMeta, place: Place): Promise<void> {
        const { context } = this.host;
        const target = connectTarget(this.arguments(meta, place));
        const database = target.database ?? "";
        const name = database.startsWith(":")
            ? database.replace(/\W/g, "")
            : findStandIn(context.standIns.all, database)?.name;
        if (name === undefined) {
            await context.connect(target, place);
            return;
        }
        context.missing.add({
            name,
            severity: "error",
            code: "connect-unknown",
            message: `\\${meta.command} goes to the database that ${name} names, which has no value, so the database is not known. Give it in \`variables\`.`,
            place,
        });
    }

    private async copy(meta: LexedMeta, place: Place): Promise<void> {
        const { host } = this;
        const command = copyCommand(meta.rest);
        const skip = (why: string) => host.context.report("note", "psql-skipped", `\\copy is not run: ${why}.`, place);
        if (command === undefined) {
            skip("it cannot be read");
            return;
        }
        const { sql, source, path = "", binary } = command;
        // Rows that follow in the script are passed over, whatever becomes of them.
        const inline = source === "inline" ? (host.copyData() ?? "") : undefined;
        if (source === "program") {
            skip("its rows come from a program");
        } else if (source === "output") {
            await host.send({ sql, line: meta.line });
        } else if (binary) {
            skip("its rows are in binary form");
        } else {
            const copyData = inline ?? (await host.context.data(path, host.from));
            if (copyData === undefined) {
                host.context.report(
                    "warning",
                    "copy-missing",
                    `\\copy is not run: the file ${JSON.stringify(path)} with its rows cannot be read.`,
                    place,
                );
            } else {
                await host.send({ sql, line: meta.line, copyData });
            }
        }
    }
}
