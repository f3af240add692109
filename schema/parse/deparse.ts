/** The only door to what writes SQL of a parser's tree. */

import type { Node } from "libpg-query";

/** @returns undefined for a tree that cannot be written. */
export function deparse(node: Node): string | undefined {
    // Loaded once it is needed, which for an unchanged schema is never.
    const { deparseSync }: typeof import("pgsql-deparser") = require("pgsql-deparser");
    try {
        return deparseSync(node, { pretty: false });
    } catch {
        return undefined;
    }
}
