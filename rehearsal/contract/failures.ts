/** Statements of a contract that PostgreSQL refused: which of them matter. Pure. */

import type { FailureFact } from "../facts";

/** What a stub leaves out, whether it runs or not, and what is said to this server only. */
const NO_MATTER =
    /^\s*(?:SET\s|SELECT\s+(?:pg_catalog\.)?set_config\s*\(|RESET\s|ALTER\s+SYSTEM\s|(?:CREATE|ALTER|DROP)\s+(?:TABLESPACE|PUBLICATION|SUBSCRIPTION|EVENT\s+TRIGGER)\s|SECURITY\s+LABEL\s|ALTER\s+(?:DATABASE|ROLE|USER)\s[^;]*?\s(?:SET|RESET)\s|COMMENT\s+ON\s+(?:TABLESPACE|PUBLICATION|SUBSCRIPTION|EVENT\s+TRIGGER|DATABASE)\s)/i;

function lackingExtension({ message }: FailureFact): string | undefined {
    const found =
        /^extension "([^"]+)" is not available|could not open extension control file ".*\/([^"/]+)\.control"/.exec(
            message,
        );
    return found?.[1] ?? found?.[2];
}

export interface ContractFailures {
    /** Extensions that the image lacks. */
    readonly lacking: ReadonlyMap<string, FailureFact>;
    /** What keeps the contract from running. */
    readonly serious: readonly FailureFact[];
}

/** @param superuser The role that runs it, which is there before. */
export function sortFailures(failures: readonly FailureFact[], superuser: string): ContractFailures {
    const lacking = new Map<string, FailureFact>();
    const serious: FailureFact[] = [];
    for (const failure of failures) {
        const extension = lackingExtension(failure);
        const [, about] =
            /^\s*(?:COMMENT\s+ON|ALTER|DROP)\s+EXTENSION\s+(?:IF\s+EXISTS\s+)?"?([^\s"]+)/i.exec(failure.sql) ?? [];
        if (extension !== undefined) {
            lacking.set(extension, failure);
        } else if (
            !NO_MATTER.test(failure.sql) &&
            !(about !== undefined && lacking.has(about)) &&
            !(failure.code === "42710" && failure.message === `role "${superuser}" already exists`)
        ) {
            serious.push(failure);
        }
    }
    return { lacking, serious };
}
