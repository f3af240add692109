import type { ContractFinding, Grade } from "../report";

/** The grades as people read them. */
export const GRADE_WORDS: Readonly<Record<Grade, string>> = {
    fails: "fails",
    "may-fail": "may fail or lose",
    "name-only": "differs in name only",
};

const at = (place: ContractFinding["place"]) => (place === undefined ? "" : `${place.file}:${place.line}`);

/**
 * One difference between a schema and a contract, for people: with both places, and with what `accepted` takes.
 *
 * @param head What stands before it: its grade, unless it is accepted.
 */
export function asMismatch(finding: ContractFinding, head = GRADE_WORDS[finding.grade]): string {
    const { code, object, message, place, contractPlace } = finding;
    const told = contractPlace === undefined ? "" : ` (contract: ${at(contractPlace)})`;
    return `${head}: ${place === undefined ? "" : `${at(place)}: `}${message}${told} [${code} ${object}]`;
}
