/** The server that the stack will have, as the proof needs it. */

import type { User } from "../upstreams/model";
import type { ServerPlan } from "../upstreams/server";

export interface FinalServer {
    readonly plan: ServerPlan;
    /** Some connection passes the secret on with which its own session was opened (`use_scram_passthrough`). */
    readonly passesSecrets: boolean;
    /** Logins of the upstreams. */
    readonly users: readonly User[];
    /** Roles without a login. */
    readonly roles: readonly string[];
    /** Stub databases, each with the extension that fills it and the upstreams that it stands for. */
    readonly databases: ReadonlyArray<{
        readonly database: string;
        readonly extension: string;
        readonly version: string;
        readonly servers: ReadonlyArray<{ readonly host: string; readonly port: number; readonly database: string }>;
    }>;
}
