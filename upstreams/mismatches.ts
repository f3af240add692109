/**
 * Every kind of difference between a schema and an upstream's contract, with what it means. One list: the comparison, the
 * key `accepted`, SARIF's rules and the documentation are taken from it.
 */

export const MISMATCHES = {
    "statement-failed": "PostgreSQL refuses a statement of the schema over the contracts",
    "upstream-missing": "a server leads to no upstream that has a contract, and a contract like it is not used",
    "schema-missing": "the upstream has no such schema",
    "table-missing": "the upstream has no such table",
    "column-missing": "the upstream's table has no such column",
    "type-fails": "PostgreSQL refuses every value of the column",
    "type-may-fail": "PostgreSQL refuses some values of the column",
    "enum-label": "the upstream's enum has labels that the local one lacks",
    "type-loses": "values lose precision, scale, or a part",
    "time-zone": "a moment depends on the session's time zone",
    "condition-fails": "conditions that are sent to the upstream can fail there",
    "condition-differs": "conditions that are sent to the upstream can mean something else there",
    "type-name": "the types differ in name only",
    collation: "the upstream's column sorts otherwise",
    nullable: "the column is NOT NULL here and can be NULL at the upstream",
    "column-required": "rows cannot be inserted: the upstream's table demands a column that the foreign table lacks",
    "value-required": "rows that leave the column out are refused, even where the upstream has a default",
    "generated-column": "rows cannot be inserted: the upstream computes the column itself",
    "generated-here": "the column is generated here and an ordinary one at the upstream",
    "write-fails": "PostgreSQL refuses every value that is written",
    "write-may-fail": "PostgreSQL refuses some values that are written, or they lose something",
    "not-updatable": "the upstream's view cannot be written to",
    "privilege-missing": "the mapping's user lacks a privilege",
    "extension-missing": "the option extensions names one that the other side lacks",
    "not-compared": "the comparison with an upstream could not be made",
    "no-contract": "nothing of this upstream is checked: it has no contract",
} as const;

/** Stable short name of a kind of difference. */
export type MismatchCode = keyof typeof MISMATCHES;
