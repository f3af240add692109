/** What other parts of the program use of this folder. */

export { type CachedInput, rehearseCached } from "./cached";
export { removeResting } from "./container";
export type { FinalServer } from "./final";
export type {
    Comparison,
    Inspect,
    InspectedContract,
    InspectedDatabase,
    InspectedUser,
    Inspection,
} from "./inspection";
