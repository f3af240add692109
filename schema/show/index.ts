/** The forms in which an inference is shown. */

import type { Inference } from "../report";

export { asFindings } from "./findings";
export { asMismatch, GRADE_WORDS } from "./mismatches";
export { type Report, type Reported, reportedFinding, reportedMismatch } from "./reported";
export { formatReport, isReportFormat, REPORT_FORMATS, type ReportFormat } from "./reports";

import { asJson } from "./json";
import { asMermaid } from "./mermaid";
import { asSql } from "./sql";
import { asTable } from "./table";
import { asYaml } from "./yaml";

export { asYaml };

export const FORMATS = ["table", "yaml", "json", "sql", "mermaid"] as const;
export type Format = (typeof FORMATS)[number];

/** The text, ending in a line break. Passwords are shown in `yaml`, `json` and `sql` only, which are made to be used. */
export function formatInference(inference: Inference, format: Format): string {
    switch (format) {
        case "yaml":
            return asYaml(inference);
        case "json":
            return asJson(inference);
        case "sql":
            return asSql(inference);
        case "mermaid":
            return asMermaid(inference);
        default:
            return asTable(inference);
    }
}
