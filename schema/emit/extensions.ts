/** The dev database is empty, as Atlas demands: an extension that nothing creates isn't there. */

import type { Emission } from "./emission";

/** Says once of each extension that servers and dblink calls need, and no statement creates. */
export function missingExtensions(emission: Emission): void {
    const { db } = emission;
    const said = new Set<string>();
    for (const { server, name, kind, place } of db.needs.all()) {
        const wrapper = server?.wrapper;
        const extension = kind.kind === "postgres" ? "postgres_fdw" : kind.kind === "dblink" ? "dblink" : undefined;
        const own = wrapper !== undefined && db.catalog.wrappers.has(wrapper);
        if (server === undefined || extension === undefined || own || db.madeExtensions.has(extension)) {
            continue;
        }
        if (!said.has(extension)) {
            said.add(extension);
            const what = name === "dblink" ? "This dblink call" : `Server ${name}`;
            emission.add(
                "warning",
                "extension-missing",
                `${what} needs the extension ${extension}, and no statement that was read creates it. The dev database is empty: add CREATE EXTENSION IF NOT EXISTS ${extension}, or the file that has it.`,
                place,
            );
        }
    }
}
