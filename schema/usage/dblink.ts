/** `dblink('server or connection string', 'SELECT …') AS t(column type, …)` tells an upstream's tables too. */

import type { Node } from "libpg-query";
import { parseSql } from "../../upstreams/parser";
import type { QualifiedName } from "../parse/ast";
import type { Place } from "../report";
import type { AnalyzerHost, DblinkCall, Relation } from "./analysis";
import { Analyzer } from "./analyze";
import type { PartlyKnown } from "./constants";
import { EMPTY, NONE } from "./terms";
import { STRENGTH, type Unknowns, type Upstream } from "./unknowns";

/** A call with what its arguments are, as far as that is certain; without a last one that says whether an error fails. */
interface ReadCall {
    readonly call: DblinkCall;
    readonly texts: ReadonlyArray<PartlyKnown | undefined>;
    /** Looks names of functions and types up, as the statement with the call does. */
    readonly host: AnalyzerHost;
}

/** Where what queries tell is kept. */
export interface RemoteWorld {
    readonly unknowns: Unknowns;
    /** What is learned is thrown away: it is only looked which names are asked for. */
    readonly isTrial: boolean;
    remoteRelation(upstream: Upstream, schema: string, name: string, place: Place): Relation;
}

/** Follows connections from where they are opened to where they are used. */
export class Dblink {
    /** Connections that something read so far opens, by name; the one without a name has the empty one. */
    private readonly open: Map<string, Upstream>;
    /** Queries over a connection that nothing read so far opens. */
    private readonly waiting: ReadCall[] = [];
    /** Calls that were read; a routine's body may be read more than once. */
    private readonly seen: Set<string>;
    /** What is not known of a call, by its place. */
    private readonly unclear: Array<{ readonly message: string; readonly place: Place }> = [];

    constructor(
        private readonly world: RemoteWorld,
        before?: Dblink,
    ) {
        this.open = new Map(before?.open);
        this.seen = new Set(world.isTrial ? [] : before?.seen);
    }

    /** @param isServer tells whether there is a foreign server of that name. */
    read(read: ReadCall, isServer: (name: string) => boolean): void {
        const { call, texts } = read;
        const mark = JSON.stringify([call.name, call.place.file, call.place.line, texts]);
        if (this.seen.has(mark)) {
            return;
        }
        this.seen.add(mark);
        const target = (index: number) => targetOf(texts[index], isServer);
        if (call.name === "dblink_connect" || call.name === "dblink_connect_u") {
            const [name, index] = texts.length > 1 ? [texts[0]?.text, 1] : ["", 0];
            const upstream = target(index);
            if (upstream === undefined) {
                this.unknown(call, "gets its connection by an expression; where it leads is not known");
            } else if (name !== undefined) {
                this.open.set(name, upstream);
            }
            return;
        }
        const named = isNamed(read);
        const connection = connectionOf(read);
        if (connection?.whole !== true) {
            this.unknown(call, "names its connection by an expression; where it leads is not known");
            return;
        }
        const upstream = this.open.get(connection.text) ?? (named ? target(0) : undefined);
        if (upstream !== undefined) {
            this.query(read, upstream);
            return;
        }
        this.waiting.push(read);
        if (this.world.isTrial) {
            // Wherever it leads, these are the names that its query has.
            this.query(read, { conninfo: "" });
        }
    }

    /**
     * Reads the queries whose connections were opened by something that was read later.
     *
     * @returns what is not known of which call, in words.
     */
    finish(): ReadonlyArray<{ readonly message: string; readonly place: Place }> {
        const lost: Array<{ message: string; place: Place }> = [];
        for (const read of this.waiting.splice(0)) {
            const upstream = this.open.get(connectionOf(read)?.text ?? "");
            if (upstream === undefined) {
                this.waiting.push(read);
                lost.push(said(read.call, "uses a connection that was opened elsewhere; where it leads is not known"));
            } else {
                this.query(read, upstream);
            }
        }
        return [...this.unclear, ...lost];
    }

    private unknown(call: DblinkCall, what: string): void {
        this.unclear.push(said(call, what));
    }

    private query(read: ReadCall, upstream: Upstream): void {
        const text = read.texts.at(-1);
        const parsed = text === undefined ? undefined : parseSql(text.text);
        if (parsed === undefined || !("nodes" in parsed)) {
            this.unknown(read.call, "has its query from an expression; what it reads is not known");
        } else {
            this.statements(upstream, parsed.nodes, read);
        }
    }

    /** Queries sent to a server: like those of an import, the columns of its tables follow from their use. */
    private statements(upstream: Upstream, nodes: readonly Node[], { call, host }: ReadCall): void {
        const { unknowns } = this.world;
        const analyzer = new Analyzer({
            unknowns,
            relation: (name, place) => this.relation(upstream, name, place),
            routines: (name) => host.routines(name).filter(({ library }) => library === true),
            type: (type) => host.type(type),
            place: () => call.place,
            dblink: () => undefined,
            path: ["pg_catalog"],
            probe: (probe) => host.probe(probe),
            resolved: host.resolved,
        });
        const output = nodes.map((node) => analyzer.statement(node)).at(-1) ?? EMPTY;
        const [open] = output.open;
        call.columns.forEach((column, index) => {
            // Positions count, unless the query is a star over one table, whose columns then have the list's names.
            const term =
                open === undefined ? output.columns[index]?.term : unknowns.column(open, column.name, call.place);
            if (output.open.length <= 1) {
                unknowns.hint(
                    analyzer.resolve(term ?? NONE),
                    column.type,
                    STRENGTH.assignment,
                    "column definition list of dblink()",
                );
            }
        });
    }

    private relation(upstream: Upstream, name: QualifiedName, place: Place): Relation | undefined {
        if ((name.schema === undefined && name.name.startsWith("pg_")) || SYSTEM.has(name.schema ?? "")) {
            // A system catalog, which every database has.
            return undefined;
        }
        return this.world.remoteRelation(upstream, name.schema ?? "public", name.name, place);
    }
}

const SYSTEM = new Set(["pg_catalog", "information_schema"]);

/** Is there an argument that names the connection? dblink_open has the cursor's name before the query. */
function isNamed({ call, texts }: ReadCall): boolean {
    return texts.length > (call.name === "dblink_open" ? 2 : 1);
}

function connectionOf(read: ReadCall): PartlyKnown | undefined {
    return isNamed(read) ? read.texts[0] : { text: "", whole: true };
}

function said({ name, place }: DblinkCall, what: string): { message: string; place: Place } {
    return { message: `This call of ${name}() ${what}.`, place };
}

/** Where an argument leads: the name of a server, or a connection string. */
function targetOf(text: PartlyKnown | undefined, isServer: (name: string) => boolean): Upstream | undefined {
    if (text?.whole !== true) {
        return undefined;
    }
    if (isServer(text.text)) {
        return text.text;
    }
    return /^postgres(?:ql)?:\/\//.test(text.text) || /(?:^|\s)(?:dbname|host|hostaddr|service)\s*=/.test(text.text)
        ? { conninfo: text.text }
        : undefined;
}
