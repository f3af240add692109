/** Columns of a relation, as a query that reads it sees them. */

import type { Output, OutputColumn, Relation } from "../derive/catalog";

export const EMPTY: Output = { columns: [], open: [] };

export function outputOf(relation: Relation): Output {
    const columns = relation.columns.map(
        (column): OutputColumn => ({
            name: column.name,
            term: { kind: "type", type: column.type },
        }),
    );
    if (relation.output !== undefined) {
        return { columns: [...relation.output.columns, ...columns], open: relation.output.open };
    }
    return {
        columns: [...relation.renamed, ...columns],
        open: relation.remote === undefined ? [] : [relation.remote],
    };
}
