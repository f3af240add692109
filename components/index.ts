/** The package's public face: what a Pulumi program imports. */
export type { StubSummary } from "../server/summary";
export type {
    AcceptedFinding,
    FdwStubDevDatabaseArgs,
    Upstream,
    UpstreamColumn,
    UpstreamTable,
    UpstreamUser,
} from "./args";
export { FdwStubDevDatabase } from "./fdw-stub-dev-database";
