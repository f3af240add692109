/** What the parts that make stubs share: what is needed and known, and the stubs so far. */

import type { Database } from "../derive/database";
import type { GivenTable, UpstreamCatalog } from "../derive/given";
import type { Roles } from "../derive/roles";
import type { Place, Severity } from "../report";
import type { StandIns } from "./standins";
import type { Stub } from "./stub";

export class Emission {
    /** By host, port and database. */
    readonly stubs = new Map<string, Stub>();
    /** Users with different passwords. */
    readonly conflicting = new Map<string, Place>();

    constructor(
        readonly db: Database,
        readonly roles: Roles,
        readonly standIns: StandIns,
        readonly given: ReadonlyMap<string, UpstreamCatalog>,
        /** Name of the database under development, after `\c`. */
        readonly ownName: string | undefined,
    ) {}

    add(severity: Severity, code: string, message: string, place?: Place, config?: string): void {
        this.db.findings.add(severity, code, message, place, config);
    }

    /** What the user tells of a table. */
    givenTable(database: string, schema: string, name: string): GivenTable | undefined {
        return this.given
            .get(database)
            ?.tables(schema)
            ?.find((table) => table.name === name);
    }
}
