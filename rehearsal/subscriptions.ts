/** CREATE SUBSCRIPTION, read from the parser's tree. */

import type { Node } from "libpg-query";
import { strings } from "../schema/parse/ast";

export interface SubscriptionStatement {
    readonly conninfo: string;
    readonly publications: readonly string[];
}

export function subscriptionsIn(nodes: readonly Node[]): SubscriptionStatement[] {
    return nodes.flatMap((node) =>
        "CreateSubscriptionStmt" in node && node.CreateSubscriptionStmt.conninfo !== undefined
            ? [
                  {
                      conninfo: node.CreateSubscriptionStmt.conninfo,
                      publications: strings(node.CreateSubscriptionStmt.publication),
                  },
              ]
            : [],
    );
}
