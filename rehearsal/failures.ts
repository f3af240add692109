/** Statements that PostgreSQL refused, as findings: one for one cause, however many statements it touches. Pure. */

import { flow } from "../schema/configline";
import type { Finding } from "../schema/report";
import { withoutPasswords } from "../upstreams/secrets";
import type { FailureFact, MappingFact } from "./facts";

/** The beginning of a statement, in one line. */
export function excerpt(sql: string): string {
    const line = withoutPasswords(sql.slice(0, 4000)).replace(/\s+/g, " ");
    return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}

/** What is not there, where an error says so: its text without what stands around the name. */
function missing(message: string): string | undefined {
    return /^(?:relation|table|view|materialized view|type|function|schema|server|foreign table) "?(.+?)"? does not exist/.exec(
        message,
    )?.[1];
}

/** What a statement would have made: names in the order in which a reader sees them. */
function makes(sql: string): string | undefined {
    return /^\s*(?:CREATE|IMPORT)\s+(?:OR\s+REPLACE\s+)?(?:\w+\s+)*?(?:TABLE|VIEW|TYPE|FUNCTION|SCHEMA|SERVER|DOMAIN)\s+(?:IF\s+NOT\s+EXISTS\s+)?((?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))?)/i
        .exec(sql)?.[1]
        ?.replaceAll('"', "");
}

const bare = (name: string) => name.slice(name.lastIndexOf(".") + 1);

/** What would help, in words and as a line of configuration. */
interface Advice {
    readonly text: string;
    readonly config?: string;
}

function advise({ code, message }: FailureFact, mappings: readonly MappingFact[], devUser: string): Advice {
    const extension = /extension "([^"]+)" is not available|extension control file ".*\/([^"/]+)\.control"/.exec(
        message,
    );
    if (extension !== null) {
        return {
            text: ` The image lacks it: name one that has ${extension[1] ?? extension[2]} with the key \`image\`.`,
        };
    }
    const unmapped = /^user mapping not found for user "([^"]+)", server "([^"]+)"/.exec(message);
    if (unmapped !== null) {
        const roles = new Set(mappings.filter(({ server }) => server === unmapped[2]).map(({ role }) => role));
        const [only] = roles;
        // A script is often meant for one role, whose mapping is the only one.
        return only !== undefined && roles.size === 1 && unmapped[1] === devUser
            ? {
                  text: ` The only mapping there is for ${only}: let the dev database's user be that role, or add CREATE USER MAPPING FOR CURRENT_USER.`,
                  config: `fdw-stub:devUser: ${flow(only)}`,
              }
            : { text: ` Add CREATE USER MAPPING FOR ${unmapped[1]} SERVER ${unmapped[2]}.` };
    }
    return {
        text:
            code === "2F003" || /password (?:or GSSAPI delegated credentials )?(?:is )?required/.test(message)
                ? " A role that is no superuser needs a password in its user mapping."
                : "",
    };
}

/** How the failures are told. */
export interface FailureOptions {
    /** Whether they are errors. */
    readonly strict: boolean;
    readonly mappings: readonly MappingFact[];
    readonly devUser: string;
    /** What a failure has to do with an upstream's contract, as a sentence. */
    readonly contract?: (failure: FailureFact) => string | undefined;
}

export function failureFindings(
    failures: readonly FailureFact[],
    { strict, mappings, devUser, contract = () => undefined }: FailureOptions,
): Finding[] {
    const causes: Array<{ failure: FailureFact; made: Set<string>; more: number }> = [];
    for (const failure of failures) {
        const lacks = missing(failure.message);
        const made = makes(failure.sql);
        const known = causes.find(
            ({ failure: first, made: others }) =>
                (first.code === failure.code && first.message === failure.message) ||
                (lacks !== undefined && others.has(bare(lacks))),
        );
        const cause = known ?? { failure, made: new Set<string>(), more: 0 };
        if (known === undefined) {
            causes.push(cause);
        } else {
            known.more += 1;
        }
        // What is missing for it is missing for the same cause.
        if (made !== undefined) {
            cause.made.add(bare(made));
        }
    }
    return causes.map(({ failure, more }): Finding => {
        const { message, detail, hint, place, sql } = failure;
        const advice = advise(failure, mappings, devUser);
        const about = contract(failure);
        const also =
            more === 0
                ? ""
                : more === 1
                  ? " One more statement fails for it."
                  : ` ${more} more statements fail for it.`;
        const extra = [detail, hint === undefined ? undefined : `Hint: ${hint}`].filter((text) => text !== undefined);
        const context = extra.length === 0 ? "" : ` (${extra.join(" ")})`;
        return {
            severity: strict ? "error" : "warning",
            code: "statement-failed",
            message: `${withoutPasswords(`PostgreSQL refuses this statement: ${message}${context}.`)}${about === undefined ? "" : ` ${about}`}${advice.text}${also} The statement: ${excerpt(sql)}`,
            ...place,
            ...(advice.config === undefined ? {} : { config: advice.config }),
        };
    });
}
