import type { Inference } from "../report";

/** Text inside a quoted Mermaid label. */
function label(text: string): string {
    return text
        .replaceAll("&", "#38;")
        .replaceAll('"', "#quot;")
        .replaceAll("<", "#lt;")
        .replaceAll(">", "#gt;")
        .replace(/\s+/g, " ");
}

/** A diagram: the dev database, its servers, the upstream databases, and their tables. */
export function asMermaid(inference: Inference): string {
    const lines = ["flowchart LR", '    dev[("dev database")]'];
    inference.origins.forEach((origin, index) => {
        const id = `u${index}`;
        lines.push(
            `    subgraph ${id}["${label(`${origin.host}:${origin.port}/${origin.database}`)}"]`,
            "        direction TB",
        );
        origin.tables.forEach((table, position) => {
            const columns = table.columns.map(({ name, type }) => label(`${name} ${type}`)).join("<br/>");
            const title = label(`${table.schema}.${table.name}`);
            lines.push(`        ${id}t${position}["${columns === "" ? title : `${title}<br/>${columns}`}"]`);
        });
        if (origin.tables.length === 0) {
            lines.push(`        ${id}none["no tables"]`);
        }
        lines.push("    end");
        const servers = [...new Set(origin.servers.map(({ name }) => name))].join(", ");
        const users = origin.users.map(({ name }) => name).join(", ");
        const edge = [servers, users === "" ? "" : `as ${users}`].filter((part) => part !== "").join(" ");
        lines.push(`    dev -- "${label(edge)}" --> ${id}`);
    });
    return `${lines.join("\n")}\n`;
}
