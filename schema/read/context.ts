/** What the parts of the reader share while a file is read. */

import type { Place, Severity } from "../report";
import type { Missing } from "./missing";
import type { NamedIn } from "./paths";
import type { ConnectTarget } from "./psql";
import type { StandIns } from "./standins";
import type { ReadStatement, StatementOutcome } from "./statement";
import type { Variables } from "./variables";

export interface ReaderContext {
    /** Statements are run, so a query's rows are known. */
    readonly server: boolean;
    readonly variables: Variables;
    readonly standIns: StandIns;
    readonly missing: Missing;
    send(statement: Omit<ReadStatement, "database">, awaited: boolean): Promise<StatementOutcome>;
    connect(target: ConnectTarget, place: Place): Promise<void>;
    /** Reads another file where it is named. */
    include(path: string, relative: boolean, from: NamedIn, including: readonly string[]): Promise<IncludeOutcome>;
    /** Text of a file with data; undefined where there is none, or it cannot be read (which is reported). */
    data(path: string, from: NamedIn): Promise<string | undefined>;
    /** `:{?name}`; that no one gives it a value is said when all is read. */
    isDefined(name: string, place: Place): boolean;
    /** What is read from here on depends on what statements returned. */
    depend(): void;
    report(severity: Severity, code: string, message: string, place: Place, config?: string): void;
}

export type IncludeOutcome = "done" | "cycle" | "missing";
