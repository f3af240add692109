import { createHash } from "node:crypto";
import type { Report, Reported } from "./reported";

const SEVERITIES = { error: "critical", warning: "minor", note: "info" } as const;

/** The same finding has the same one while its line moves; two of one kind in a file differ by what they are about. */
function fingerprint({ code, place, object, message }: Reported): string {
    return createHash("sha256")
        .update(JSON.stringify([code, place?.file ?? "", object ?? message]))
        .digest("hex");
}

/**
 * A code quality report of GitLab. It takes places only, so that a finding without one is told at the beginning of the
 * configuration. Accepted findings are left out.
 */
export function asGitlab({ findings }: Report): string {
    const seen = new Map<string, number>();
    const entries = findings
        .filter(({ accepted }) => accepted === undefined)
        .map((one) => {
            const first = fingerprint(one);
            const count = seen.get(first) ?? 0;
            seen.set(first, count + 1);
            const { level, code, message, place, related } = one;
            const also = related === undefined ? "" : ` (${related.message}: ${related.file}:${related.line})`;
            return {
                description: `${message}${also}`,
                check_name: code,
                fingerprint: count === 0 ? first : createHash("sha256").update(`${first} ${count}`).digest("hex"),
                severity: SEVERITIES[level],
                location: {
                    path: (place?.file ?? "fdw-stub.yaml").replace(/^\.\//, ""),
                    lines: { begin: place?.line ?? 1 },
                },
            };
        });
    return `${JSON.stringify(entries, null, 2)}\n`;
}
