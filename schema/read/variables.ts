/**
 * Values of placeholders and psql variables. What the user gives wins over whatever a script sets; psql's own
 * variables (`DBNAME`, `PORT` …) count for psql's placeholders only, because `${PORT}` is not psql's port.
 */

import type { StatementOutcome } from "./statement";

/** What psql defines when it starts, as far as a script could ask for it. */
const PSQL_OWN: ReadonlyArray<readonly [string, string]> = [
    ["AUTOCOMMIT", "on"],
    ["DBNAME", "postgres"],
    ["ECHO", "none"],
    ["ECHO_HIDDEN", "off"],
    ["ENCODING", "UTF8"],
    ["ERROR", "false"],
    ["FETCH_COUNT", "0"],
    ["HIDE_TABLEAM", "off"],
    ["HIDE_TOAST_COMPRESSION", "off"],
    ["HOST", "localhost"],
    ["IGNOREEOF", "0"],
    ["LAST_ERROR_MESSAGE", ""],
    ["LAST_ERROR_SQLSTATE", "00000"],
    ["ON_ERROR_ROLLBACK", "off"],
    ["ON_ERROR_STOP", "off"],
    ["PORT", "5432"],
    ["QUIET", "off"],
    ["ROW_COUNT", "0"],
    ["SERVER_VERSION_NAME", "18.0"],
    ["SERVER_VERSION_NUM", "180000"],
    ["SHELL_ERROR", "false"],
    ["SHELL_EXIT_CODE", "0"],
    ["SHOW_ALL_RESULTS", "on"],
    ["SHOW_CONTEXT", "errors"],
    ["SINGLELINE", "off"],
    ["SINGLESTEP", "off"],
    ["SQLSTATE", "00000"],
    ["USER", "postgres"],
    ["VERBOSITY", "default"],
    ["VERSION_NAME", "18.0"],
    ["VERSION_NUM", "180000"],
];

/** `\set` without a value means on for these. */
const SWITCHES = new Set([
    "AUTOCOMMIT",
    "HIDE_TABLEAM",
    "HIDE_TOAST_COMPRESSION",
    "ON_ERROR_STOP",
    "QUIET",
    "SHOW_ALL_RESULTS",
    "SINGLELINE",
    "SINGLESTEP",
]);

export class Variables {
    private readonly asked = new Set<string>();
    private readonly own: ReadonlyMap<string, string>;
    private readonly builtIn: ReadonlyMap<string, string>;
    private set = new Map<string, string>();
    private readonly everSet = new Set<string>();
    private properties = new Map<string, string>();

    constructor(
        private readonly given: ReadonlyMap<string, string>,
        defaults: ReadonlyMap<string, string>,
    ) {
        this.own = new Map([...PSQL_OWN, ...defaults]);
        const user = this.loginUser;
        // Names that Flyway and extension scripts define themselves.
        this.builtIn = new Map([
            ["flyway:defaultSchema", "public"],
            ["flyway:user", user],
            ["flyway:database", this.own.get("DBNAME") ?? ""],
            ["flyway:table", "flyway_schema_history"],
            ["flyway:environment", "default"],
            ["extschema", "public"],
            ["extowner", user],
        ]);
        this.reset();
    }

    /** The user that connects unless a script says otherwise. */
    get loginUser(): string {
        return this.own.get("USER") ?? "";
    }

    /** Another file, another psql. */
    reset(): void {
        this.set = new Map(this.own);
        this.properties = new Map();
    }

    isGiven(name: string): boolean {
        return this.given.has(name);
    }

    /** Some script sets it, whatever it is now. */
    isSetSomewhere(name: string): boolean {
        return this.everSet.has(name);
    }

    /** The value of a psql variable. */
    psql(name: string): string | undefined {
        this.asked.add(name);
        return this.given.get(name) ?? this.set.get(name);
    }

    /** The value of a template's placeholder. */
    template(name: string): string | undefined {
        this.asked.add(name);
        return this.given.get(name) ?? this.properties.get(name) ?? this.builtIn.get(name);
    }

    /** Sets a psql variable, or unsets it. */
    assign(name: string, value: string | undefined): void {
        this.asked.add(name);
        this.everSet.add(name);
        if (value === undefined) {
            this.set.delete(name);
        } else {
            this.set.set(name, value === "" && SWITCHES.has(name) ? "on" : value);
        }
    }

    /** A property that the file defines (Liquibase). */
    define(name: string, value: string): void {
        this.asked.add(name);
        this.properties.set(name, value);
    }

    connected(database: string | undefined, user: string | undefined): void {
        this.set.set("DBNAME", database ?? this.own.get("DBNAME") ?? "");
        this.set.set("USER", user ?? this.loginUser);
    }

    /** What psql sets after each statement. */
    ran({ error, rows }: StatementOutcome): void {
        this.set.set("ERROR", error === undefined ? "false" : "true");
        this.set.set("SQLSTATE", error?.code ?? "00000");
        this.set.set("ROW_COUNT", error === undefined ? String(rows?.rows.length ?? 0) : "0");
        if (error !== undefined) {
            this.set.set("LAST_ERROR_MESSAGE", error.message);
            this.set.set("LAST_ERROR_SQLSTATE", error.code);
        }
    }

    /** Given variables of which no file that was read makes use. */
    unused(): string[] {
        return [...this.given.keys()].filter((name) => !this.asked.has(name));
    }
}
