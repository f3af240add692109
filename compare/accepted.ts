/** Takes the findings that somebody has accepted from those that are open. Pure. */

import type { ContractFinding } from "../schema/report";
import type { Acceptance } from "../upstreams/parse";

export interface Settled {
    readonly open: readonly ContractFinding[];
    readonly accepted: ReadonlyArray<{ readonly finding: ContractFinding; readonly reason: string }>;
    /** What is accepted and does not occur. */
    readonly unused: readonly Acceptance[];
}

/** A line of the configuration accepts every finding of its code about its object. */
export function settle(findings: readonly ContractFinding[], acceptances: readonly Acceptance[]): Settled {
    const open: ContractFinding[] = [];
    const accepted: Array<{ finding: ContractFinding; reason: string }> = [];
    const used = new Set<Acceptance>();
    for (const finding of findings) {
        const by = acceptances.filter(({ code, object }) => code === finding.code && object === finding.object);
        const [first] = by;
        if (first === undefined) {
            open.push(finding);
        } else {
            accepted.push({ finding, reason: first.reason });
        }
        for (const one of by) {
            used.add(one);
        }
    }
    return { open, accepted, unused: acceptances.filter((one) => !used.has(one)) };
}

/** That a line of the configuration is there for nothing. */
export function unusedMessage({ code, object, reason }: Acceptance): string {
    return `The accepted finding ${code} of ${object} (${reason}) no longer occurs: remove it from accepted.`;
}
