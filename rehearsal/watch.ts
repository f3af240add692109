/**
 * Which statements can tell anything of tables that imports or dblink bring: the others need not be gone through. And
 * which schemas are effective when a statement runs, as far as that is known without asking the server. Pure.
 */

import type { ReadStatement } from "../schema/read/statement";

/** Statements after which the effective schemas are the same. */
const KEEPS_PATH =
    /^(?:CREATE (?:TABLE|INDEX|UNIQUE|TYPE|DOMAIN|FUNCTION|PROCEDURE|OR|VIEW|MATERIALIZED|EXTENSION|SEQUENCE|FOREIGN|TRIGGER|POLICY)|ALTER (?:TABLE|FOREIGN|INDEX|SEQUENCE|VIEW|FUNCTION)|COMMENT|GRANT|REVOKE|BEGIN|INSERT|UPDATE|DELETE|COPY)\b/;
/** Statements that change the effective schemas of their session only. */
const OF_SESSION =
    /^(?:SET|RESET|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|START|DISCARD|CREATE (?:TEMP|TEMPORARY))\b/;
/** Statements after which what those before them name is there still, and called as it was. */
const KEEPS_NAMES =
    /^(?:CREATE (?!OR\b)|ALTER (?:TABLE|INDEX|SEQUENCE)(?: ONLY)?(?: \S+){1,2} (?:OWNER|ADD)\b|COMMENT|GRANT|REVOKE|SET|RESET|BEGIN|COMMIT|INSERT|COPY)\b/;

/** Statements that may make anything. */
const OPAQUE = /^(?:DO|CALL|SELECT|EXECUTE|WITH|VALUES|TABLE|EXPLAIN|IMPORT)\b/;

const NAME = String.raw`(?:(?:"(?:[^"]|"")+"|[\w$\u0080-\uffff]+)\s*\.\s*)*("(?:[^"]|"")+"|[\w$\u0080-\uffff]+)`;
const IF_EXISTS = String.raw`\s+(?:(?:if\s+(?:not\s+)?exists|only)\s+)?`;
const VIEWS = new RegExp(String.raw`\b(?:view|foreign\s+table)${IF_EXISTS}${NAME}`, "gi");
const MADE = new RegExp(String.raw`\b(?:table|view|into|function|procedure|to)${IF_EXISTS}${NAME}`, "gi");
const WORDS = /"(?:[^"]|"")+"|[\w$\u0080-\uffff]+/g;

/** Without its quotes and in lower case: what is the same for this purpose may differ, but not the other way round. */
const plain = (name: string) => name.replaceAll('"', "").toLowerCase();

export class Watch {
    /** Effective schemas; undefined where the server has to be asked. */
    path: readonly string[] | undefined;
    /** Those in which a session begins. */
    private startPath: readonly string[] | undefined;
    /** Nothing has changed them since the session has begun. */
    private begun = true;
    /** Local schemas that imports fill, and names of what brings imported columns to other places. */
    private readonly schemas = new Set<string>();
    private readonly names = new Set<string>();
    /** Views and foreign tables may be there that no statement names. */
    private unlisted = true;
    /** Imports or dblink are used: then statements tell columns that nobody declares. */
    on = false;

    /** A session begins. */
    begin(): void {
        this.path = this.startPath;
        this.begun = true;
    }

    /** Whether the server is to be asked before it is known what a statement tells. */
    asks({ sql }: ReadStatement): boolean {
        const matters = this.schemas.size > 0 || /\bdblink/i.test(sql);
        return matters && (this.path === undefined || (this.on && this.unlisted));
    }

    /** @param names Views and foreign tables that are there. */
    found(path: readonly string[], names: readonly string[]): void {
        this.path = path;
        this.startPath = this.begun ? path : this.startPath;
        this.unlisted = false;
        for (const name of names) {
            this.names.add(plain(name));
        }
    }

    /** Tables are imported into a schema; those of LIMIT TO have names. */
    imported(schema: string): void {
        this.on = true;
        this.schemas.add(schema);
        this.names.add(plain(schema));
    }

    /** Whether a statement, or a routine by its definition, may tell anything, as far as its text says. */
    tells({ sql }: Pick<ReadStatement, "sql">): boolean {
        if (/\bdblink/i.test(sql)) {
            this.on = true;
            return true;
        }
        if (!this.on || this.schemas.size === 0) {
            return false;
        }
        // An imported table may be named without its schema.
        return (
            this.path?.some((schema) => this.schemas.has(schema)) === true ||
            (sql.match(WORDS) ?? []).some((word) => this.names.has(plain(word)))
        );
    }

    /** Whether statements before this one must be gone through before it runs. */
    disturbs({ words }: ReadStatement): boolean {
        return !KEEPS_NAMES.test(words.join(" "));
    }

    /** A statement has run, or will after those before it. */
    passed({ sql, words }: ReadStatement, told: boolean): void {
        for (const [, name = ""] of sql.matchAll(told ? MADE : VIEWS)) {
            this.names.add(plain(name));
        }
        const text = words.join(" ");
        this.unlisted ||= OPAQUE.test(text);
        if (!KEEPS_PATH.test(text)) {
            this.path = undefined;
            this.begun = false;
            if (!OF_SESSION.test(text)) {
                this.startPath = undefined;
            }
        }
    }
}
