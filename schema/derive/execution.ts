/** What the parts that interpret statements share, and the door through which one hands a statement to the others. */

import type { Node } from "libpg-query";
import type { Database, Site } from "./database";
import type { Roles } from "./roles";

export interface Execution {
    readonly roles: Roles;
    /** Routines that ran with constants. */
    readonly ran: Set<string>;
    execute(db: Database, node: Node, site: Site): void;
    /** A statement that a block or routine runs; one that runs itself ends at some depth. */
    nested(db: Database, node: Node, site: Site): void;
}
