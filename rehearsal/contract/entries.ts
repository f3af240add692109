/** What `pg_dump` writes of a contract's database, as a stub has it. Pure. */

import { quoteIdent, unquoteIdent } from "../../upstreams/quote";
import type { DumpEntry } from "../stubs";

const NAME = '(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)';
const POLICY = new RegExp(
    `^(CREATE POLICY ${NAME} ON (?:ONLY )?${NAME}\\.${NAME}(?: AS RESTRICTIVE)?(?: FOR \\w+)?) TO (${NAME}(?:, ${NAME})*)`,
);

/**
 * A foreign table as a table: its server is no part of a stub, and what reads it from outside sees a table anyway. Its
 * options were taken away before the dump.
 */
function tableOf(text: string): string {
    return text
        .replace(/^CREATE FOREIGN TABLE /, "CREATE TABLE ")
        .replace(new RegExp(`\\nSERVER ${NAME}(?=;|\\n)`), "")
        .replaceAll(/^ALTER FOREIGN TABLE /gm, "ALTER TABLE ");
}

/** A materialized view as a view: without its rows it could not be read. */
function viewOf(text: string): string {
    const [query = text] = text.split(/\n {2}WITH NO DATA;/, 1);
    return `${query
        .replace(/^CREATE MATERIALIZED VIEW /, "CREATE VIEW ")
        .replace(/^(CREATE VIEW \S+(?: \S+)*?)\s+WITH \([^)]*\)(?=\s+AS\n)/, "$1")
        .replace(/;\s*$/, "")};`;
}

/**
 * The entries as a stub has them, in their order, without extensions' own and without policies, which name roles.
 *
 * @returns policies apart.
 */
export function stubEntries(entries: readonly DumpEntry[]): { made: string[]; policies: string[] } {
    const policies = entries.filter(({ type }) => type === "POLICY").map(({ text }) => text);
    const made = entries.flatMap(({ type, text }) => {
        switch (type) {
            case "POLICY":
                return [];
            case "FOREIGN TABLE":
                return [tableOf(text)];
            case "MATERIALIZED VIEW":
                return [viewOf(text)];
            default:
                return [text];
        }
    });
    return { made, policies };
}

/**
 * Policies for the roles that a stub has.
 *
 * @param members Of each role of the contract, those among the stub's users that have its privileges.
 */
export function policiesFor(policies: readonly string[], members: ReadonlyMap<string, readonly string[]>): string[] {
    return policies.flatMap((text) => {
        const found = POLICY.exec(text);
        if (found === null) {
            return [text];
        }
        const [whole, head = "", list = ""] = found;
        const names = [...list.matchAll(new RegExp(NAME, "g"))].map(([name]) => unquoteIdent(name));
        const users = [...new Set(names.flatMap((name) => members.get(name) ?? []))];
        return users.length === 0 ? [] : [`${head} TO ${users.map(quoteIdent).join(", ")}${text.slice(whole.length)}`];
    });
}
