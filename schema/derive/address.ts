/** Connection strings as dblink takes them. */

import { parseConninfo } from "../../upstreams/conninfo";

/** A connection string in keyword form or as a URI; undefined where it is none. */
export function connectionString(text: string): Map<string, string> | undefined {
    const options = parseConninfo(text);
    return options === undefined ? undefined : new Map(Object.entries(options));
}
