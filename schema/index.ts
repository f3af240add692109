/** What other parts of the program use of this folder. */

export type { UpstreamCatalog } from "./derive/given";
export { type InferInput, inferUpstreams } from "./infer";
export { type Merged, mergeUpstreams } from "./merge";
export { type FileSystem, memoryFileSystem, nodeFileSystem } from "./read/filesystem";
export type {
    Certainty,
    ColumnOrigin,
    Finding,
    Inference,
    LocalRole,
    Place,
    Progress,
    ReadFile,
    Severity,
    Source,
    TableOrigin,
    Tool,
    UpstreamOrigin,
    UserOrigin,
} from "./report";
export { asFindings, FORMATS, type Format, formatInference } from "./show";
export { readStatements, type Statements } from "./statements";
