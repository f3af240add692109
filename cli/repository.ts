/** Paths as other tools want them: from the repository's root, wherever the command runs. */

import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { Report } from "../schema";

/** The folder of the repository that holds a folder; the folder itself where there is none. */
function rootOf(directory: string): string {
    for (let at = directory; ; at = dirname(at)) {
        if (existsSync(join(at, ".git"))) {
            return at;
        }
        if (at === dirname(at)) {
            return directory;
        }
    }
}

/** The report with paths from the repository's root; they came relative to the working directory. */
export function fromRepository(report: Report, cwd = process.cwd()): Report {
    const root = rootOf(cwd);
    const path = (file: string) => relative(root, resolve(cwd, file)).replaceAll("\\", "/");
    return {
        ...report,
        findings: report.findings.map((finding) => ({
            ...finding,
            ...(finding.place === undefined ? {} : { place: { ...finding.place, file: path(finding.place.file) } }),
            ...(finding.related === undefined
                ? {}
                : { related: { ...finding.related, file: path(finding.related.file) } }),
        })),
    };
}
