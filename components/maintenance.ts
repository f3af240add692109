import * as postgresql from "@pulumi/postgresql";
import type * as pulumi from "@pulumi/pulumi";
import { EXTENSION_NAME, EXTENSION_VERSION } from "../sql/extension";
import { MAINTENANCE_DATABASE } from "../upstreams/stubs";
import { createDatabase } from "./database";
import { insideServer } from "./options";
import type { Server } from "./server";

/**
 * Declares the maintenance database and, in it, the extension that hands out fresh databases. Its settings stand in
 * the extension's files, so that they change with the container.
 *
 * @param dependsOn What the extension waits for: the roles that exist then are the stack's own. It comes last of all,
 * because it begins to make databases in the background, which would make everything else wait.
 */
export function createMaintenance(
    component: string,
    parent: pulumi.Resource,
    containerName: string,
    server: Server,
    provider: postgresql.Provider,
    dependsOn: pulumi.Resource[],
): postgresql.Extension {
    // Upstream databases have a hyphen behind the component's name.
    const name = `${component}.maintenance`;
    const database = createDatabase(name, containerName, MAINTENANCE_DATABASE, insideServer(parent, provider, server));
    const made = insideServer(parent, provider, server, [database]);
    return new postgresql.Extension(
        name,
        { name: EXTENSION_NAME, database: MAINTENANCE_DATABASE, version: EXTENSION_VERSION, createCascade: true },
        { ...made, dependsOn: [server.container, ...dependsOn, database] },
    );
}
