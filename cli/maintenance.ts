import type { Client } from "pg";
import type { ServerContainer } from "../docker/server";
import { withClient } from "../server/connect";
import { addressOf, expectedOf } from "../server/expected";
import { InputError } from "../upstreams/errors";
import { type DatabaseAddress, databaseUrl } from "../upstreams/url";

/** The address of a server's maintenance database, where fresh databases are handed out. */
function maintenanceAddress(server: ServerContainer): DatabaseAddress {
    const address = addressOf(server);
    const maintenance = expectedOf(server)?.maintenance;
    if (address === undefined || maintenance === undefined) {
        throw new InputError(
            `The server ${server.name} hands out no fresh databases: it was made by an older version, or changed by hand. Bring the stack up again.`,
        );
    }
    return { ...address, database: maintenance.database };
}

/** The URL that `atlas.hcl` asks for fresh databases through. Secret. */
export function maintenanceUrl(server: ServerContainer): string {
    return databaseUrl(maintenanceAddress(server));
}

/** Runs `work` with a connection to the maintenance database. */
export function withMaintenance<T>(server: ServerContainer, work: (client: Client) => Promise<T>): Promise<T> {
    return withClient(maintenanceAddress(server), work);
}

/** The URL of a database that was handed out. Secret. */
export function freshUrl(server: ServerContainer, database: string): string {
    return databaseUrl({ ...maintenanceAddress(server), database });
}
