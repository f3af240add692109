/** Runs through one file as psql would: statement by statement, and what the commands between them say. */

import { Conditions } from "./conditions";
import type { ReaderContext } from "./context";
import { type LexedStatement, Lexer, type LexerHost, PLAIN_HOST } from "./lexer";
import { MetaCommands, type MetaHost } from "./meta";
import type { NamedIn } from "./paths";
import { type ReadStatement, type StatementOutcome, SYNTAX_ERROR } from "./statement";
import { Substitution } from "./substitution";
import { isUnreadable, resumePoint, Unreadable } from "./unreadable";

export class FileRun implements MetaHost {
    /** Statements that could be read. */
    count = 0;
    readonly conditions = new Conditions();
    last: LexedStatement | undefined;
    private readonly lexer: Lexer;
    private readonly commands: MetaCommands;
    private readonly substitution: Substitution;
    private readonly unreadable: Unreadable;
    private stopped = false;

    constructor(
        readonly context: ReaderContext,
        private readonly text: string,
        private named: NamedIn,
        readonly including: readonly string[],
    ) {
        this.substitution = this.newSubstitution();
        this.lexer = new Lexer(text, this.host(this.substitution));
        this.commands = new MetaCommands(this);
        this.unreadable = new Unreadable(named.file, ({ severity, code, message, line }) =>
            context.report(severity, code, message, { file: named.file, line: line ?? 1 }),
        );
    }

    get from(): NamedIn {
        return this.named;
    }

    private newSubstitution(): Substitution {
        const { context, named } = this;
        return new Substitution(context.variables, context.standIns, (name, line) =>
            context.isDefined(name, { file: named.file, line }),
        );
    }

    private host(substitution: Substitution): LexerHost {
        const commands = this.newSubstitution();
        return {
            active: () => this.conditions.active(),
            substitute: (kind, inside, context) => {
                if (context.quote !== "meta") {
                    return substitution.substitute(kind, inside, context);
                }
                const text = commands.substitute(kind, inside, context);
                // A command is never prose, so its placeholders are settled at once.
                commands.confirm(this.named.file, "");
                return text;
            },
        };
    }

    async all(): Promise<void> {
        while (!this.stopped) {
            const piece = this.lexer.next();
            if (piece === undefined) {
                break;
            }
            if (piece.kind === "meta") {
                await this.commands.run(piece);
            } else {
                await this.statement(piece);
            }
        }
        this.close();
    }

    private close(): void {
        const { file } = this.named;
        if (this.conditions.unclosed && !this.stopped) {
            const message = "The file ends inside an \\if; \\endif is missing.";
            this.context.report("warning", "psql-condition", message, { file, line: 1 });
        }
        const { logic } = this.substitution;
        if (logic !== undefined) {
            this.context.report(
                "warning",
                "template-logic",
                `Tags of template logic such as ${logic.tag.slice(0, 60)} are not evaluated: what stands on both sides of them is read.`,
                { file, line: logic.line },
            );
        }
    }

    /** @param awaited Whether what it returns is made use of. */
    async statement(lexed: LexedStatement, awaited = false): Promise<StatementOutcome> {
        const copyData = lexed.copiesStdin ? (this.lexer.copyData() ?? "") : undefined;
        const outcome = await this.run(lexed, copyData, awaited);
        if (outcome.error === undefined || !(await isUnreadable(lexed.sql, outcome.error))) {
            this.substitution.confirm(this.named.file, lexed.sql);
            this.last = lexed;
            this.count += 1;
            return outcome;
        }
        const probe = { ...this.host(this.newSubstitution()), active: () => true };
        const resume = resumePoint(this.text, lexed, probe);
        const bad = resume === undefined ? undefined : this.text.slice(lexed.start, resume);
        this.unreadable.report(lexed, outcome.error, bad, this.substitution.forget());
        if (resume !== undefined) {
            this.lexer.resume(resume, lexed);
        }
        return outcome;
    }

    async send({ sql, line, copyData }: Pick<ReadStatement, "sql" | "line" | "copyData">): Promise<void> {
        for (const lexed of lexAll(sql)) {
            await this.runMade({ ...lexed, line }, copyData);
        }
    }

    /** Runs a statement that does not stand in the file: reading has nowhere to go back to. */
    private async runMade(lexed: LexedStatement, copyData: string | undefined): Promise<void> {
        const { error } = await this.run(lexed, copyData, false);
        if (error !== undefined && (await isUnreadable(lexed.sql, error))) {
            this.unreadable.report(lexed, { code: error.code, message: error.message }, undefined, []);
        } else {
            this.count += 1;
        }
    }

    private async run(
        { sql, line, words }: LexedStatement,
        copyData: string | undefined,
        awaited: boolean,
    ): Promise<StatementOutcome> {
        const nul = sql.indexOf("\0");
        if (nul >= 0) {
            // PostgreSQL's protocol ends a statement at a NUL, so such a one is not sent.
            return { error: { code: SYNTAX_ERROR, message: "it holds a NUL character", position: nul + 1 } };
        }
        return this.context.send(
            { file: this.named.file, line, sql, words, ...(copyData === undefined ? {} : { copyData }) },
            awaited,
        );
    }

    copyData(): string | undefined {
        return this.lexer.copyData();
    }

    reset(): void {
        this.lexer.reset();
        this.substitution.forget();
    }

    changeFolder(folder: string): void {
        const base = folder === "" || folder.startsWith("/") ? "" : this.named.folder;
        this.named = { ...this.named, folder: folder === "" ? "" : `${base}${folder}/` };
    }

    stop(): void {
        this.stopped = true;
    }
}

/** The statements in a text that psql does not look into. */
function lexAll(sql: string): LexedStatement[] {
    const lexer = new Lexer(sql, PLAIN_HOST, true);
    const found: LexedStatement[] = [];
    for (let piece = lexer.next(); piece !== undefined; piece = lexer.next()) {
        if (piece.kind === "statement") {
            found.push(piece);
        }
    }
    return found;
}
