/** What other parts of the program use of this folder. */

export { type Ended, type Recorded, type RecordInput, record } from "./record";
