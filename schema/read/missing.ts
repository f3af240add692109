/** Says, in one go, which variables have no value and what follows from it. */

import type { Finding, Place, Severity } from "../report";
import type { OptionUse, StandIn } from "./standins";

/** Something that a variable's value would tell. */
interface Lack {
    readonly name: string;
    readonly severity: Severity;
    readonly code: string;
    readonly message: string;
    readonly place: Place;
    /** The schema gets along without it: it is not listed among what to give. */
    readonly optional?: boolean;
}

const ORDER: readonly Severity[] = ["error", "warning", "note"];

/** The configuration that gives variables their values. */
export function variablesConfig(names: readonly string[], value = "…"): string {
    const entries = names.map((name) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
    return `fdw-stub:variables: { ${entries.join(", ")} }`;
}

export class Missing {
    private readonly lacks: Lack[] = [];
    private readonly said = new Set<string>();

    /** Said once for each variable and code. */
    add(lack: Lack): void {
        const mark = `${lack.code}\0${lack.name}`;
        if (!this.said.has(mark)) {
            this.said.add(mark);
            this.lacks.push(lack);
        }
    }

    /** The worst first; that one has the line of configuration with all that is missing. */
    findings(standIns: Iterable<StandIn>): Finding[] {
        const all = [...this.lacks, ...[...standIns].map(lackOf)].sort(
            (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity),
        );
        const names = [...new Set(all.filter(({ optional }) => optional !== true).map(({ name }) => name))];
        const bearer = all.find(({ optional }) => optional !== true);
        return all.map((lack) => ({
            severity: lack.severity,
            code: lack.code,
            message: lack.message,
            file: lack.place.file,
            line: lack.place.line,
            ...(lack === bearer
                ? { config: variablesConfig(names) }
                : lack.optional === true
                  ? { config: variablesConfig([lack.name]) }
                  : {}),
        }));
    }
}

/** What follows from a placeholder without a value, the worst of it. */
function lackOf({ name, text, place, options }: StandIn): Lack {
    const at = (site: OptionUse): Place => ({ file: site.file, line: site.line });
    const host = options.get("host") ?? options.get("hostaddr");
    if (host !== undefined) {
        return {
            name,
            severity: "error",
            code: "host-unknown",
            message: `The host of ${host.owner} is the placeholder ${name}, which has no value, so no name can be answered. Give it in \`variables\`.`,
            place: at(host),
        };
    }
    const database = options.get("dbname");
    if (database !== undefined) {
        return {
            name,
            severity: "error",
            code: "database-unknown",
            message: `The database of ${database.owner} is the placeholder ${name}, which has no value. Give it in \`variables\`.`,
            place: at(database),
        };
    }
    const user = options.get("user");
    if (user !== undefined) {
        return {
            name,
            severity: "warning",
            code: "placeholder-user",
            message: `The user of ${user.owner} is the placeholder ${name}, which has no value; ${text} stands in, so the schema must be run with that value.`,
            place: at(user),
        };
    }
    const password = options.get("password");
    if (password !== undefined) {
        return {
            name,
            severity: "note",
            code: "placeholder-password",
            message: `A password of ${password.owner} is the placeholder ${name}, which has no value; the stub asks for none, so any value works.`,
            place: at(password),
        };
    }
    const [option] = options.values();
    return {
        name,
        severity: "note",
        code: "placeholder",
        message: `The placeholder ${name} has no value; ${option?.value ?? text} stands in.`,
        place,
    };
}
