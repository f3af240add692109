/** Collects findings, each once. */

import type { Finding, Place, Severity } from "../report";

export class Findings {
    private readonly seen = new Set<string>();
    readonly list: Finding[] = [];

    add(severity: Severity, code: string, message: string, place?: Place, config?: string): void {
        this.push({ severity, code, message, ...place, ...(config === undefined ? {} : { config }) });
    }

    push(finding: Finding): void {
        const mark = JSON.stringify([finding.code, finding.message, finding.file, finding.line]);
        if (!this.seen.has(mark)) {
            this.seen.add(mark);
            this.list.push(finding);
        }
    }
}
