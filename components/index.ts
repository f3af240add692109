export type { ColumnArgs, DdlArgs, FdwStubDevDatabaseArgs, TableArgs, UpstreamArgs, UserArgs } from "./args";
export { FdwStubDevDatabase } from "./fdw-stub-dev-database";
