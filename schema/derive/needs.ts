/**
 * What the schema needs of its servers, gathered at every moment at which something connected, and of what is there
 * at the end. Servers, mappings and tables are copied, because the catalog goes on changing.
 */

import type { Place } from "../report";
import type { CatalogColumn, Import, Mapping, Relation, Server } from "./catalog";
import type { ColumnType } from "./types";
import type { WrapperKind } from "./wrappers";

export interface NeededColumn {
    readonly name: string;
    readonly type: ColumnType;
    readonly place: Place;
}

export interface NeededTable {
    readonly schema: string;
    readonly name: string;
    /** `schema.table` here. */
    readonly local?: string;
    readonly place: Place;
    readonly columns: readonly NeededColumn[];
    /** It was there at the end; otherwise something connected before it was changed or dropped. */
    readonly final: boolean;
}

export interface NeededServer {
    readonly name: string;
    /** Undefined while no statement that was read creates it. */
    server?: Server;
    kind: WrapperKind;
    readonly place: Place;
    readonly mappings: Map<string, Mapping>;
    readonly tables: NeededTable[];
    readonly imports: Import[];
}

function copy(server: Server): Server {
    return { ...server, options: new Map(server.options) };
}

export class Needs {
    /** By name and version of the server. */
    private readonly servers = new Map<string, NeededServer>();
    /** Relations already claimed: id and version, with the server's. */
    private readonly claimed = new Set<string>();
    /** `dblink` connection strings. */
    readonly direct: NeededServer[] = [];

    all(): NeededServer[] {
        return [...this.servers.values(), ...this.direct];
    }

    server(name: string, server: Server | undefined, kind: WrapperKind, place: Place): NeededServer {
        const mark = server === undefined ? `?${name}` : `${name}\0${server.version}`;
        const known = this.servers.get(mark);
        if (known !== undefined) {
            return known;
        }
        const created: NeededServer = {
            name,
            kind,
            place: server?.place ?? place,
            mappings: new Map(),
            tables: [],
            imports: [],
            ...(server === undefined ? {} : { server: copy(server) }),
        };
        this.servers.set(mark, created);
        return created;
    }

    mapping(needed: NeededServer, mapping: Mapping): void {
        const options = [...mapping.options].map(([name, value]) => `${name}=${value}`).join("\0");
        needed.mappings.set(`${mapping.role}\0${options}`, { ...mapping, options: new Map(mapping.options) });
    }

    /** A foreign table as it is now. */
    table(needed: NeededServer, relation: Relation, final: boolean): void {
        const mark = `${relation.id}:${relation.version}:${needed.server?.version ?? "?"}`;
        // Columns of an imported table follow from their use; only what the schema itself adds is declared.
        const nothing = relation.remote !== undefined && relation.columns.length === 0;
        if (nothing || this.claimed.has(mark)) {
            return;
        }
        this.claimed.add(mark);
        needed.tables.push({
            schema: relation.options.get("schema_name") ?? relation.schema,
            name: relation.options.get("table_name") ?? relation.name,
            local: `${relation.schema}.${relation.name}`,
            place: relation.place,
            final,
            columns: relation.columns.map((column: CatalogColumn) => ({
                name: column.remoteName ?? column.name,
                type: column.type,
                place: column.place,
            })),
        });
    }
}
