/** What other parts of the program use of this folder. */

export type { Surroundings } from "./connection";
export { recordingDiff, sameRecording } from "./file";
export { type Pulled, type PullRequest, pull } from "./pull";
export type { TableName } from "./selection";
