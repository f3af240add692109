/** Turns what is needed of servers into upstreams, with the place of each part. */

import type { Upstream } from "../../upstreams/model";
import type { Database } from "../derive/database";
import type { UpstreamCatalog } from "../derive/given";
import type { Roles } from "../derive/roles";
import { type StandIn, variableConfig } from "../read/script";
import type { UpstreamOrigin } from "../report";
import { shareTables } from "./columns";
import { Emission } from "./emission";
import { missingExtensions } from "./extensions";
import { importedTables, settleColumns } from "./imports";
import { missingMappings } from "./mappings";
import { serverStubs } from "./server";
import { StandIns } from "./standins";
import { compare } from "./stub";
import { originOf, upstreamOf } from "./upstream";
import { settlePasswords } from "./users";

export interface Emitted {
    readonly upstreams: Upstream[];
    readonly origins: UpstreamOrigin[];
}

export function emit(
    db: Database,
    roles: Roles,
    placeholders: ReadonlyMap<string, StandIn>,
    given: ReadonlyMap<string, UpstreamCatalog>,
    ownName: string | undefined,
): Emitted {
    const standIns = new StandIns(placeholders);
    const emission = new Emission(db, roles, standIns, given, ownName);
    settleColumns(emission);
    for (const needed of db.needs.all()) {
        serverStubs(emission, needed);
    }
    importedTables(emission);
    shareTables(emission);
    settlePasswords(emission);
    missingMappings(emission);
    missingExtensions(emission);
    for (const each of standIns.rest()) {
        emission.add(
            "note",
            "placeholder",
            `The placeholder ${each.name} has no value; where a name or a text is wanted ${each.text} stands in, and 5432 for a port.`,
            each.place,
            variableConfig(each.name),
        );
    }
    const ordered = [...emission.stubs.values()].sort(
        (a, b) => compare(a.host, b.host) || a.port - b.port || compare(a.database, b.database),
    );
    return {
        upstreams: ordered.map((stub) => upstreamOf(stub, db.catalog.extensions)),
        origins: ordered.map(originOf),
    };
}
