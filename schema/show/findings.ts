import type { Finding } from "../report";

function lines(each: Finding): string[] {
    const where = each.file === undefined ? "" : `${each.file}${each.line === undefined ? "" : `:${each.line}`}: `;
    const first = `${each.severity}: ${where}${each.message} [${each.code}]`;
    return each.config === undefined ? [first] : [first, `    ${each.config}`];
}

/** What is to be said, for people: each with its place, and the line of configuration that would help. */
export function asFindings(findings: readonly Finding[]): string {
    return findings.flatMap(lines).join("\n");
}
