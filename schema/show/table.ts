import type { Inference, Place } from "../report";
import { asFindings } from "./findings";

function at(place: Place): string {
    return `${place.file}:${place.line}`;
}

/** Rows with a left text and a place, the places in one column. */
function aligned(rows: ReadonlyArray<readonly [string, string]>): string[] {
    const width = Math.min(72, Math.max(0, ...rows.filter(([, place]) => place !== "").map(([text]) => text.length)));
    return rows.map(([text, place]) => (place === "" ? text : `${text.padEnd(width)}  ${place}`));
}

/** For people: server → host:port/database → user → tables and columns, each with its place; then what is to be said. */
export function asTable(inference: Inference): string {
    const blocks: string[] = [];
    for (const origin of inference.origins) {
        const rows: Array<readonly [string, string]> = [[`${origin.host}:${origin.port}/${origin.database}`, ""]];
        for (const server of origin.servers) {
            rows.push([`  server ${server.name}`, at(server.place)]);
        }
        for (const user of origin.users) {
            rows.push([`  user ${user.name} (for ${user.roles.join(", ")})`, at(user.place)]);
        }
        for (const table of origin.tables) {
            rows.push([`  ${table.schema}.${table.name}`, at(table.place)]);
            for (const column of table.columns) {
                const how =
                    column.certainty === "inferred"
                        ? `  (${column.reason ?? "inferred"})`
                        : column.certainty === "guessed"
                          ? "  (a guess)"
                          : "";
                rows.push([`    ${column.name} ${column.type}${how}`, at(column.place)]);
            }
        }
        blocks.push(aligned(rows).join("\n"));
    }
    if (inference.origins.length === 0) {
        const known = inference.findings.every(({ severity }) => severity !== "error");
        blocks.push(known ? "No upstream is needed." : "No upstream was found.");
    }
    if (inference.roles.length > 0) {
        blocks.push(
            [
                "Local roles",
                ...aligned(inference.roles.map(({ name, place }) => [`  ${name}`, at(place)] as const)),
            ].join("\n"),
        );
    }
    if (inference.findings.length > 0) {
        blocks.push(asFindings(inference.findings));
    }
    return `${blocks.join("\n\n")}\n`;
}
