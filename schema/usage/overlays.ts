/**
 * Results of queries over tables whose columns are sought, under the name of the view or table that holds them. The
 * catalog has some type for such a column, which says nothing; here is where the column comes from.
 */

import type { CatalogRelation } from "./catalog";
import { isOpen, type Output, type OutputColumn, typed } from "./terms";

export class Overlays {
    /** By schema and name, until the catalog has the relation. */
    private readonly expected: Map<string, Output>;
    private readonly byOid: Map<string, Output>;

    constructor(from?: Overlays) {
        this.expected = copied(from?.expected);
        this.byOid = copied(from?.byOid);
    }

    /** A statement is about to make this relation. */
    expect(schema: string, name: string, output: Output): void {
        this.expected.set(mark(schema, name), output);
    }

    /** A relation that a statement was to make, and that isn't there. */
    missing(schema: string, name: string): Output | undefined {
        return this.expected.get(mark(schema, name));
    }

    /** What is known of a relation that is there. */
    of(relation: CatalogRelation): Output | undefined {
        const at = mark(relation.schema, relation.name);
        const expected = this.expected.get(at);
        if (expected !== undefined) {
            this.expected.delete(at);
            if (relation.kind !== "foreign" && matches(relation, expected)) {
                this.byOid.set(relation.oid, expected);
            }
        }
        return this.byOid.get(relation.oid);
    }
}

/** Columns are added to results of `SELECT *` by ALTER TABLE; a trial's must not be seen elsewhere. */
function copied(outputs: ReadonlyMap<string, Output> = new Map()): Map<string, Output> {
    return new Map([...outputs].map(([at, { columns, open }]) => [at, { columns: [...columns], open: [...open] }]));
}

/** A temporary relation's schema has a number that isn't known before there is one. */
function mark(schema: string, name: string): string {
    return `${schema.replace(/^pg_temp_\d+$/, "pg_temp")}\0${name}`;
}

function matches(relation: CatalogRelation, output: Output): boolean {
    return (
        output.open.length > 0 ||
        output.columns.every((column, index) =>
            relation.columns.some(({ number, name }) => number === index + 1 && name === column.name),
        )
    );
}

/** The columns of a relation that is there: those that are sought, and the others with their types. */
export function overlaid(relation: CatalogRelation, output: Output | undefined): Output {
    if (output !== undefined && output.open.length > 0) {
        // Which columns the star stands for isn't known, so those of the catalog aren't all.
        return output;
    }
    return {
        columns: relation.columns.map(({ number, name, type }): OutputColumn => {
            const term = output?.columns[number - 1]?.term;
            return { name, term: term !== undefined && isOpen(term) ? term : typed(type) };
        }),
        open: [],
    };
}
