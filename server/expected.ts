import * as z from "zod";
import { LABEL } from "../docker/labels";
import type { ServerContainer } from "../docker/server";
import { CONNECTION_OPTIONS } from "../upstreams/options";
import type { Expected, ServerAddress } from "./completeness";

const extension = z.object({ database: z.string(), name: z.string() });
const expectedLabel = z.object({
    servers: z.array(
        z.object({
            host: z.string(),
            hostaddr: z.string().optional(),
            port: z.number(),
            database: z.string(),
            connections: z.array(z.partialRecord(z.enum(CONNECTION_OPTIONS), z.string())).default([]),
        }),
    ),
    stubs: z.array(extension.extend({ version: z.string().optional() })),
    maintenance: extension.extend({ version: z.string() }).optional(),
    roles: z.array(z.string()),
    devDatabase: z.string(),
});

/** What a container's label says that its server holds; undefined where there is no such label. */
export function expectedOf(container: ServerContainer): Expected | undefined {
    try {
        return expectedLabel.parse(JSON.parse(container.labels[LABEL.expected] ?? ""));
    } catch {
        return undefined;
    }
}

/** Where a container's server can be reached from this process; undefined where it cannot. */
export function addressOf(container: ServerContainer): ServerAddress | undefined {
    const { reached, user, password } = container;
    return reached === undefined ? undefined : { ...reached, user, password };
}
