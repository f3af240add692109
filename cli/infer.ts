import { existsSync } from "node:fs";
import { contractLines, rehearseSchema, summarize } from "../components/derive";
import { version } from "../package.json";
import {
    asFindings,
    asMismatch,
    FORMATS,
    type Format,
    formatInference,
    formatReport,
    isReportFormat,
    REPORT_FORMATS,
    reportedFinding,
    reportedMismatch,
    type Tool,
} from "../schema";
import { InputError } from "../upstreams/errors";
import { checkDevUser } from "../upstreams/names";
import { parseConfiguration } from "../upstreams/parse";
import { choose } from "./choose";
import { parseContracts } from "./contracts";
import { fromRepository } from "./repository";
import { parseVariables } from "./variables";

const TOOLS: readonly Tool[] = [
    "atlas",
    "golang-migrate",
    "flyway",
    "goose",
    "dbmate",
    "sqitch",
    "liquibase",
    "rails",
    "pg_dump",
    "plain",
];

/** These show what was not understood themselves; beside the others it is told apart from the result. */
const WITH_FINDINGS: readonly Format[] = ["table", "json"];

function checkedUser(name: string): string {
    const problem = checkDevUser(name);
    if (problem !== undefined) {
        throw new InputError(`--dev-user: ${problem}`);
    }
    return name;
}

/**
 * Shows what a schema needs of its upstreams: it is run on a throw-away server.
 *
 * @param print Takes the result.
 * @param tell Takes what was not understood, where the result has no place for it.
 * @returns the exit status: 1 where something that matters is not known.
 * @throws InputError for paths that do not exist and for unknown options.
 */
export async function infer(
    paths: readonly string[],
    options: {
        format: string;
        var?: readonly string[];
        contract?: readonly string[];
        tool?: string;
        devUser?: string;
        image?: string;
    },
    print: (text: string) => void,
    tell: (text: string) => void,
): Promise<number> {
    const format = choose("--format", options.format, [...FORMATS, ...REPORT_FORMATS]);
    const tool = options.tool === undefined ? undefined : choose("--tool", options.tool, TOOLS);
    const values = parseVariables(options.var ?? []);
    const devUser = options.devUser === undefined ? undefined : checkedUser(options.devUser);
    const upstreams = parseContracts(options.contract ?? []);
    const missing = [...paths, ...upstreams.flatMap(({ contract }) => contract)].filter((path) => !existsSync(path));
    if (missing.length > 0) {
        throw new InputError(`${missing.join(", ")} does not exist. Name SQL files, folders of migrations, or dumps.`);
    }
    const configuration = parseConfiguration({
        schema: [...paths],
        variables: values,
        upstreams,
        ...(devUser === undefined ? {} : { devUser }),
        ...(options.image === undefined ? {} : { image: options.image }),
    });
    const inference = await rehearseSchema(configuration, process.cwd(), tell, tool);
    const failed = inference.findings.some((finding) => finding.severity === "error") ? 1 : 0;
    if (isReportFormat(format)) {
        const findings = [
            ...inference.findings.map(reportedFinding),
            ...inference.contractFindings.map((finding) => reportedMismatch(finding, {})),
        ];
        const report = fromRepository({ command: "infer", version, findings, subjects: [] });
        print(formatReport(report, format).trimEnd());
        return failed;
    }
    print(formatInference(inference, format).trimEnd());
    const serious = inference.findings.filter(({ severity }) => severity !== "note");
    if (format === "table") {
        const mismatches = inference.contractFindings.map((finding) => asMismatch(finding));
        for (const line of [...mismatches, ...contractLines(inference), summarize(inference)]) {
            print(line);
        }
    }
    if (!WITH_FINDINGS.includes(format) && serious.length > 0) {
        tell(asFindings(serious));
    }
    return failed;
}
