/** What differs between one foreign table and the relation that it names. Pure. */

import type { Grade } from "../schema/report";
import type { MismatchCode } from "../upstreams/mismatches";
import type {
    LocalColumn,
    LocalServer,
    LocalTable,
    Privileges,
    Relation,
    RemoteCatalog,
    RemoteColumn,
} from "./catalog";
import type { Verdict } from "./verdict";
import type { Command, Writes } from "./writes";

/** A finding before its places are looked up. */
export interface Difference {
    readonly code: MismatchCode;
    readonly grade: Grade;
    readonly message: string;
    /** What of the schema it is about. */
    readonly object: string;
    /** Name of the foreign table's column. */
    readonly column?: string;
    /** The same at the upstream. */
    readonly remote?: { readonly schema: string; readonly name: string; readonly column?: string };
}

export interface TableInput {
    readonly table: LocalTable;
    readonly server: LocalServer | undefined;
    readonly upstream: RemoteCatalog;
    /** The upstream's address, for people. */
    readonly address: string;
    readonly writes: Writes;
    /** Whether conditions on a column are sent to the upstream. */
    readonly sent: (column: LocalColumn) => boolean;
    /** What becomes of values that are read. */
    readonly read: (column: LocalColumn, remote: RemoteColumn) => Verdict | undefined;
    /** What becomes of values that are written. */
    readonly written: (column: LocalColumn, remote: RemoteColumn) => Verdict | undefined;
    /** Logins of the mappings whose privileges the contract tells. */
    readonly users: readonly string[];
}

/** Names that a message lists. */
const LISTED = 12;

function listed(names: readonly string[]): string {
    const more = names.length - LISTED;
    return `${names.slice(0, LISTED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const similar = (a: string, b: string) =>
    a.toLowerCase().replaceAll(/[_\s-]/g, "") === b.toLowerCase().replaceAll(/[_\s-]/g, "");

/** Kinds of relations whose NOT NULL the catalog tells. */
const TABLES = ["r", "p"];
const BITS: ReadonlyArray<readonly [Command, number]> = [
    ["INSERT", 8],
    ["UPDATE", 4],
    ["DELETE", 16],
];

/** Everything in which a foreign table and its upstream differ. */
export function differencesOf(input: TableInput): Difference[] {
    const { table, upstream, address } = input;
    const object = `${table.schema}.${table.name}`;
    const remote = { schema: table.remoteSchema, name: table.remoteName };
    const theirs = `${remote.schema}.${remote.name}`;
    const relation = upstream.relations.find(({ schema, name }) => schema === remote.schema && name === remote.name);
    if (relation !== undefined) {
        return new Comparison(input, relation, object, theirs).run();
    }
    if (!upstream.schemas.includes(remote.schema)) {
        const message = `${object} reads ${theirs}, and ${address} has no schema ${JSON.stringify(remote.schema)}${hint(input)}.`;
        return [{ code: "schema-missing", grade: "fails", message, object }];
    }
    const message = `${object} reads ${theirs}, and ${address} has no such table${hint(input)}.`;
    return [{ code: "table-missing", grade: "fails", message, object }];
}

/** Tables of another schema, or of a name that is written otherwise. */
function hint({ table, upstream }: TableInput): string {
    const found = upstream.names.filter(([, name]) => similar(name, table.remoteName));
    return found.length === 0 ? "" : `; it has ${listed(found.map(([schema, name]) => `${schema}.${name}`))}`;
}

class Comparison {
    private readonly found: Difference[] = [];

    constructor(
        private readonly input: TableInput,
        private readonly relation: Relation,
        private readonly object: string,
        private readonly theirs: string,
    ) {}

    run(): Difference[] {
        for (const column of this.input.table.columns) {
            const remote = this.relation.columns.find(({ name }) => name === column.remote);
            if (remote === undefined) {
                this.missing(column);
            } else {
                this.column(column, remote);
            }
        }
        this.required();
        this.updatable();
        for (const privileges of this.relation.privileges) {
            if (this.input.users.includes(privileges.user)) {
                this.privileges(privileges);
            }
        }
        return this.found;
    }

    /** @param what columns on both sides; none for the table as a whole. */
    private say(code: MismatchCode, grade: Grade, message: string, what: { here?: string; there?: string } = {}): void {
        const { schema, name } = this.relation;
        this.found.push({
            code,
            grade,
            message,
            object: what.here === undefined ? this.object : `${this.object}.${what.here}`,
            ...(what.here === undefined ? {} : { column: what.here }),
            remote: { schema, name, ...(what.there === undefined ? {} : { column: what.there }) },
        });
    }

    private by(command: Command): string | undefined {
        return this.input.writes.by.get(command);
    }

    private missing({ name, remote, renamed }: LocalColumn): void {
        const names = this.relation.columns.filter(({ system }) => !system).map((column) => column.name);
        const alike = names.filter((each) => similar(each, remote));
        const which = renamed
            ? `the column ${JSON.stringify(remote)}, which its option column_name names`
            : `a column ${JSON.stringify(remote)}`;
        const there =
            alike.length > 0
                ? `did you mean ${listed(alike.map((each) => JSON.stringify(each)))}?`
                : `it has ${listed(names)}.`;
        this.say(
            "column-missing",
            "fails",
            `${this.object}.${name} reads ${which}, and ${this.theirs} at ${this.input.address} has none; ${there}`,
            {
                here: name,
            },
        );
    }

    private column(column: LocalColumn, remote: RemoteColumn): void {
        const what = { here: column.name, there: remote.name };
        const here = `${this.object}.${column.name}`;
        const there = `${this.theirs}.${remote.name}`;
        const verdict = this.input.read(column, remote);
        if (verdict !== undefined) {
            const types = `${here} is ${column.typeName}, and ${there} at ${this.input.address} is ${remote.typeName}`;
            this.say(verdict.code, verdict.grade, `${types}: ${verdict.says}.`, what);
        }
        const { collation } = column;
        if (
            collation !== null &&
            remote.collation !== null &&
            collation.sorts !== remote.collation.sorts &&
            this.input.sent(column)
        ) {
            this.say(
                "collation",
                "may-fail",
                `${here} sorts by the collation ${collation.name} (${collation.sorts}), and ${there} by ${remote.collation.name} (${remote.collation.sorts}): comparisons, joins and sorting that are sent to the upstream can give other rows, or another order, than here.`,
                what,
            );
        }
        if (column.notNull && !remote.notNull && !remote.system && TABLES.includes(this.relation.kind)) {
            this.say(
                "nullable",
                "may-fail",
                `${here} is NOT NULL, and ${there} at ${this.input.address} can be NULL: PostgreSQL does not check what it reads, and plans queries as if no NULL could come.`,
                what,
            );
        }
        this.writing(column, remote, what, here, there);
    }

    private writing(
        column: LocalColumn,
        remote: RemoteColumn,
        what: { here: string; there: string },
        here: string,
        there: string,
    ): void {
        const inserted = this.by("INSERT");
        const changed = inserted ?? this.by("UPDATE");
        if (changed === undefined) {
            return;
        }
        if (remote.generated || remote.identity === "a") {
            if (!column.generated) {
                const how = remote.generated ? "GENERATED ALWAYS AS (…)" : "GENERATED ALWAYS AS IDENTITY";
                const [grade, verb]: [Grade, string] =
                    inserted === undefined
                        ? ["may-fail", "an UPDATE that sets it is refused"]
                        : [
                              "fails",
                              "every INSERT is refused, because postgres_fdw sends a value for each column of the foreign table",
                          ];
                this.say(
                    "generated-column",
                    grade,
                    `${there} at ${this.input.address} is ${how}, and ${here} is not: ${verb} (written to by ${changed}).`,
                    what,
                );
            }
            return;
        }
        if (column.generated) {
            this.say(
                "generated-here",
                "may-fail",
                `${here} is generated, and ${there} at ${this.input.address} is an ordinary column: postgres_fdw sends DEFAULT for it, so that what is computed here is not stored (written to by ${changed}).`,
                what,
            );
            return;
        }
        if (inserted !== undefined && remote.notNull && !column.notNull && !column.hasDefault) {
            const own = remote.hasDefault || remote.identity !== "" ? "; the upstream's own default is not used" : "";
            this.say(
                "value-required",
                "may-fail",
                `${there} at ${this.input.address} is NOT NULL, and ${here} is not: an INSERT that leaves it out sends NULL and is refused${own} (written to by ${inserted}).`,
                what,
            );
        }
        const verdict = this.input.written(column, remote);
        if (verdict !== undefined && verdict.grade !== "name-only" && !verdict.code.startsWith("condition")) {
            const fails = verdict.grade === "fails";
            this.say(
                fails ? "write-fails" : "write-may-fail",
                verdict.grade,
                `${here} is ${column.typeName} and is written to ${there} at ${this.input.address}, which is ${remote.typeName}: ${verdict.says} (written to by ${changed}).`,
                what,
            );
        }
    }

    /** Columns that rows cannot do without, and that the foreign table does not have. */
    private required(): void {
        const inserted = this.by("INSERT");
        if (inserted === undefined) {
            return;
        }
        const here = new Set(this.input.table.columns.map(({ remote }) => remote));
        const lacking = this.relation.columns.filter(
            ({ name, notNull, hasDefault, generated, identity, system }) =>
                notNull && !hasDefault && !generated && identity === "" && !system && !here.has(name),
        );
        for (const { name } of lacking) {
            this.say(
                "column-required",
                "fails",
                `${this.theirs}.${name} at ${this.input.address} is NOT NULL without a default, and ${this.object} has no such column: every INSERT is refused (written to by ${inserted}).`,
                { there: name },
            );
        }
    }

    private updatable(): void {
        if (!["v", "m"].includes(this.relation.kind)) {
            return;
        }
        for (const [command, bit] of BITS) {
            const by = this.by(command);
            if (by === undefined) {
                continue;
            }
            if ((this.relation.updatable & bit) === 0) {
                this.say(
                    "not-updatable",
                    "fails",
                    `${this.theirs} at ${this.input.address} is a view that takes no ${command}, and ${this.object} is written to by ${by}.`,
                );
            } else if (command !== "INSERT") {
                this.say(
                    "not-updatable",
                    "may-fail",
                    `${this.theirs} at ${this.input.address} is a view, whose rows have no place of their own: ${command} works only where the whole statement can be sent to the upstream (written to by ${by}).`,
                );
            }
        }
    }

    private privileges(privileges: Privileges): void {
        const { user } = privileges;
        const who = `The user ${user}, by whom ${this.object} connects,`;
        const at = this.input.address;
        if (!privileges.schema) {
            this.say(
                "privilege-missing",
                "fails",
                `${who} has no USAGE on the schema ${this.relation.schema} at ${at}.`,
            );
            return;
        }
        const columns = this.input.table.columns.map(({ remote }) => remote);
        const lack = (command: string, names: readonly string[], some: Grade, why = "") => {
            const lacking = columns.filter((name) => names.includes(name));
            if (lacking.length > 0) {
                const whole = lacking.length === columns.length;
                const on = whole ? this.theirs : `the columns ${listed(lacking)} of ${this.theirs}`;
                this.say(
                    "privilege-missing",
                    whole ? "fails" : some,
                    `${who} may not ${command} ${on} at ${at}${why}.`,
                );
            }
        };
        const written = (command: Command) => {
            const by = this.by(command);
            return by === undefined ? undefined : ` (written to by ${by})`;
        };
        lack("SELECT", privileges.noSelect, "fails");
        if (written("INSERT") !== undefined) {
            lack("INSERT", privileges.noInsert, "fails", written("INSERT"));
        }
        if (written("UPDATE") !== undefined) {
            lack("UPDATE", privileges.noUpdate, "may-fail", written("UPDATE"));
        }
        if (written("DELETE") !== undefined && !privileges.delete) {
            this.say(
                "privilege-missing",
                "fails",
                `${who} may not DELETE ${this.theirs} at ${at}${written("DELETE")}.`,
            );
        }
    }
}

/** Extensions that a server's option names, and that the other side lacks, or has elsewhere. */
export function extensionDifferences(
    server: LocalServer,
    local: ReadonlyArray<{ readonly name: string; readonly schema: string }>,
    upstream: RemoteCatalog,
    address: string,
): Difference[] {
    return server.extensions.flatMap((name): Difference[] => {
        const here = local.find((each) => each.name === name);
        const there = upstream.extensions.find((each) => each.name === name);
        const say = (grade: Grade, message: string): Difference[] => [
            { code: "extension-missing", grade, message, object: server.name },
        ];
        const sent = `the option extensions of server ${server.name} names ${name}`;
        if (here === undefined) {
            return say("name-only", `${sent}, which is not installed here: nothing of it is sent to the upstream.`);
        }
        if (there === undefined) {
            return say(
                "may-fail",
                `${sent}, which ${address} lacks: conditions that use it are sent to the upstream and fail there.`,
            );
        }
        return here.schema === there.schema
            ? []
            : say(
                  "may-fail",
                  `${sent}, which is in the schema ${here.schema} here and in ${there.schema} at ${address}: conditions that use it are sent to the upstream and fail there.`,
              );
    });
}
