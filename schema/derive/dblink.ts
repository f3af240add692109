/** `dblink('server or connection string', 'SELECT …') AS t(column type, …)` tells an upstream's tables too. */

import type { Place } from "../report";
import type { DblinkCall } from "../usage/analysis";
import { connectionString } from "./address";
import { plainWorld } from "./constants";
import type { Database, Site } from "./database";
import { evaluate } from "./evaluate";
import type { NeededServer } from "./needs";
import { RemoteTables } from "./remotetables";
import { type SqlText, sqlText } from "./sqltext";

/** A call as it was read, with what its arguments were then. */
export interface RecordedCall {
    readonly call: DblinkCall;
    /** The arguments' texts, as far as they are certain; without a last one that says whether an error fails. */
    readonly texts: ReadonlyArray<SqlText | undefined>;
    /** The servers that arguments name. Kept at once, because a script that copies data drops its server at the end. */
    readonly servers: ReadonlyArray<NeededServer | undefined>;
}

export function recordDblink(db: Database, site: Site, call: DblinkCall): void {
    const world = plainWorld(db.shared.devUser);
    const environment = site.environment ?? new Map();
    const args = call.args.filter((arg) => typeof evaluate(arg, environment, world) !== "boolean");
    const texts = args.map((arg) => sqlText(arg, environment, world));
    const known = db.dblinkCalls.some(
        (each) =>
            each.call.name === call.name &&
            each.call.place.file === call.place.file &&
            each.call.place.line === call.place.line &&
            JSON.stringify(each.texts) === JSON.stringify(texts),
    );
    if (!known) {
        const servers = texts.map((text) =>
            text !== undefined && db.catalog.servers.has(text.text)
                ? serverNamed(db, text.text, call.place)
                : undefined,
        );
        db.dblinkCalls.push({ call, texts, servers });
    }
}

function serverNamed(db: Database, name: string, place: Place): NeededServer {
    const needed = db.serverNeed(name, place);
    for (const mapping of db.catalog.mappings.values()) {
        if (mapping.server === name) {
            db.needs.mapping(needed, mapping);
        }
    }
    return needed;
}

/** Turns the calls into needs of their servers. */
export function dblinkNeeds(db: Database): void {
    new Connections(db).run();
}

/** Follows connections from where they are opened to where they are used. */
class Connections {
    private readonly tables: RemoteTables;
    /** Connections that are open, by name; the one without a name has the empty one. */
    private readonly open = new Map<string, NeededServer>();
    /** The same, opened anywhere: a routine may use what another one opens. */
    private readonly anywhere = new Map<string, NeededServer>();
    /** By connection string: calls with the same one see the same tables. */
    private readonly direct = new Map<string, NeededServer>();

    constructor(private readonly db: Database) {
        this.tables = new RemoteTables(db);
    }

    run(): void {
        for (const recorded of this.db.dblinkCalls) {
            if (connects(recorded)) {
                const [name, index] = recorded.texts.length > 1 ? [recorded.texts[0]?.text, 1] : ["", 0];
                const server = this.target(recorded, index);
                if (server !== undefined && name !== undefined) {
                    this.anywhere.set(name, server);
                }
            }
        }
        for (const recorded of this.db.dblinkCalls) {
            if (connects(recorded)) {
                this.connect(recorded);
            } else {
                this.query(recorded);
            }
        }
    }

    private connect(recorded: RecordedCall): void {
        const [name, index] = recorded.texts.length > 1 ? [recorded.texts[0]?.text, 1] : ["", 0];
        const server = this.target(recorded, index);
        if (server === undefined) {
            this.unknown(recorded, "gets its connection by an expression; where it leads is not known");
        } else if (name !== undefined) {
            this.open.set(name, server);
        }
    }

    private query(recorded: RecordedCall): void {
        const { texts } = recorded;
        // dblink_open has the cursor's name before the query.
        const named = texts.length > (recorded.call.name === "dblink_open" ? 2 : 1);
        const connection = named ? texts[0] : { text: "", whole: true };
        if (connection?.whole !== true) {
            this.unknown(recorded, "names its connection by an expression; where it leads is not known");
            return;
        }
        const server =
            this.open.get(connection.text) ??
            (named ? this.target(recorded, 0) : undefined) ??
            this.anywhere.get(connection.text);
        if (server === undefined) {
            this.unknown(recorded, "uses a connection that was opened elsewhere; where it leads is not known");
            return;
        }
        const sql = texts.at(-1);
        if (sql === undefined || !this.tables.read(server, sql.text, recorded.call)) {
            this.unknown(recorded, "has its query from an expression; what it reads is not known");
        }
    }

    private unknown({ call }: RecordedCall, what: string): void {
        this.db.findings.add("note", "dblink-unknown", `This call of ${call.name}() ${what}.`, call.place);
    }

    /** Where an argument leads: the name of a server, or a connection string. */
    private target(recorded: RecordedCall, index: number): NeededServer | undefined {
        const text = recorded.texts[index];
        const { place } = recorded.call;
        if (text?.whole !== true) {
            return undefined;
        }
        const named = recorded.servers[index];
        if (named !== undefined) {
            return named;
        }
        if (this.db.catalog.servers.has(text.text)) {
            return serverNamed(this.db, text.text, place);
        }
        const known = this.direct.get(text.text);
        if (known !== undefined) {
            return known;
        }
        const options = connectionString(text.text);
        if (options === undefined || !["dbname", "host", "hostaddr"].some((name) => options.has(name))) {
            return undefined;
        }
        const made = this.connectionTo(options, place);
        this.direct.set(text.text, made);
        return made;
    }

    private connectionTo(options: ReadonlyMap<string, string>, place: Place): NeededServer {
        const mapping = new Map([...options].filter(([name]) => name === "user" || name === "password"));
        const made: NeededServer = {
            name: "dblink",
            kind: { kind: "dblink" },
            place,
            server: {
                name: "dblink",
                wrapper: "dblink_fdw",
                options: new Map([...options].filter(([name]) => !mapping.has(name))),
                place,
                version: this.db.shared.next(),
            },
            mappings: new Map([["", { server: "dblink", role: "public", written: "dblink", options: mapping, place }]]),
            tables: [],
            imports: [],
        };
        this.db.needs.direct.push(made);
        return made;
    }
}

function connects({ call }: RecordedCall): boolean {
    return call.name === "dblink_connect" || call.name === "dblink_connect_u";
}
