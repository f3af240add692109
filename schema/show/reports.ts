/** The forms in which findings are handed to other tools: one list for every command. */

import { asGithub } from "./github";
import { asGitlab } from "./gitlab";
import { asJunit } from "./junit";
import type { Report } from "./reported";
import { asSarif } from "./sarif";

export const REPORT_FORMATS = ["github", "junit", "sarif", "gitlab"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export function isReportFormat(format: string): format is ReportFormat {
    return REPORT_FORMATS.some((one) => one === format);
}

/** The text, ending in a line break unless it is empty. */
export function formatReport(report: Report, format: ReportFormat): string {
    switch (format) {
        case "github":
            return asGithub(report);
        case "junit":
            return asJunit(report);
        case "sarif":
            return asSarif(report);
        default:
            return asGitlab(report);
    }
}
