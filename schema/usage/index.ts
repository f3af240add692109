import type { ColumnOrigin, Place, Finding } from "../report";
export interface UsedTable { server: string | { conninfo: string }; schema: string; name: string; local?: string; place: Place; columns: ColumnOrigin[]; star: boolean }
export class Usage {
    constructor(query: unknown, given: unknown) {}
    imported(o: unknown) {}
    async observe(o: unknown) {}
    async observeBodies() {}
    settle(): { tables: UsedTable[]; findings: Finding[] } { return { tables: [], findings: [] }; }
}
