/** What other parts of the program use of this folder. */

export { type FileSystem, nodeFileSystem } from "./read/filesystem";
export { variablesConfig } from "./read/missing";
export { type ReadResult, type ReadStatements, readSchema, readStatements, type SchemaInput } from "./read/read";
export { findStandIn, type OptionUse, type StandIn } from "./read/standins";
export type { ReaderEvents, ReadStatement, Rows, StatementError, StatementOutcome } from "./read/statement";
export { isUnreadable } from "./read/unreadable";
export type {
    Certainty,
    ColumnOrigin,
    ContractFinding,
    ContractOrigin,
    Finding,
    Grade,
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
export { GRADES } from "./report";
export {
    asFindings,
    asMismatch,
    asYaml,
    FORMATS,
    type Format,
    formatInference,
    formatReport,
    GRADE_WORDS,
    isReportFormat,
    REPORT_FORMATS,
    type Report,
    type Reported,
    reportedFinding,
    reportedMismatch,
} from "./show";

export { type DatabaseStatements, databaseStatements } from "./statements";
