/** The package's public face: what a Pulumi program imports. */
export type { StubSummary } from "../server/summary";
export type { ColumnArgs, FdwStubDevDatabaseArgs, TableArgs, UpstreamArgs, UserArgs } from "./args";
export { FdwStubDevDatabase } from "./fdw-stub-dev-database";
