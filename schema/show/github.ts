import type { Report, Reported } from "./reported";

/** Characters that end a workflow command's message, or one of its properties. */
function data(text: string): string {
    return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
    return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

const COMMANDS = { error: "error", warning: "warning", note: "notice" } as const;

function annotation({ level, code, message, place, related }: Reported, command: string): string {
    const properties = [
        ...(place === undefined ? [] : [`file=${property(place.file)}`]),
        ...(place?.line === undefined ? [] : [`line=${place.line}`]),
        `title=${property(`fdw-stub ${command}: ${code}`)}`,
    ];
    const also = related === undefined ? "" : ` (${related.message}: ${related.file}:${related.line})`;
    return `::${COMMANDS[level]} ${properties.join(",")}::${data(`${message}${also}`)}`;
}

/** Workflow commands of GitHub Actions, which become annotations of the pull request. Accepted findings get none. */
export function asGithub({ command, findings }: Report): string {
    const lines = findings.filter(({ accepted }) => accepted === undefined).map((one) => annotation(one, command));
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
