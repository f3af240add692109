/** `fdw-stub check`: does the schema agree with the contracts of its upstreams? */

import { relative, resolve } from "node:path";
import { type Settled, settle, unusedMessage } from "../compare";
import { readConfiguration } from "../components/config";
import { checkSchemaPaths, formatFinding, rehearseSchema } from "../components/derive";
import { withRecorded } from "../components/recorded";
import { version } from "../package.json";
import {
    asMismatch,
    type ContractFinding,
    type Finding,
    formatReport,
    GRADE_WORDS,
    GRADES,
    type Grade,
    type Inference,
    isReportFormat,
    REPORT_FORMATS,
    type Report,
    type Reported,
    reportedFinding,
    reportedMismatch,
} from "../schema";
import { acceptedPlace, readProjectStack } from "../standalone/project";
import { InputError } from "../upstreams/errors";
import { type Configuration, parseConfiguration } from "../upstreams/parse";
import { choose } from "./choose";
import type { GlobalOptions } from "./context";
import { parseContracts } from "./contracts";
import { findProjectDirectory } from "./project";
import { fromRepository } from "./repository";
import { parseVariables } from "./variables";

/** Beside the formats for tools. */
const OWN_FORMATS = ["text", "json"] as const;
/** From the gravest grade on, what makes the command fail. */
const FAIL_ON = ["fails", "may-fail", "name-only", "never"] as const;

export interface CheckOptions {
    readonly schema?: readonly string[];
    readonly var?: readonly string[];
    readonly contract?: readonly string[];
    readonly format: string;
    readonly failOn: string;
}

/** Takes what a run prints. */
export interface CheckOutput {
    /** The result. */
    readonly print: (text: string) => void;
    /** What is being waited for. */
    readonly tell: (text: string) => void;
}

/** What a check came to. */
export interface Checked extends Settled {
    /** What reading and running the schema says besides. */
    readonly findings: readonly Finding[];
    /** Contracts, by the address of their upstream. */
    readonly contracts: readonly string[];
    /** Foreign tables that were compared. */
    readonly tables: readonly string[];
    /** Where each entry of `unused` stands. */
    readonly unusedAt: ReadonlyArray<Reported["place"]>;
}

/** Where a run belongs to. */
export interface CheckedStack {
    /** The project's folder. */
    readonly directory: string;
    readonly configuration: Configuration;
    /** Where the configuration has an entry of `accepted`, by its index. */
    readonly acceptedAt: (index: number) => Reported["place"];
}

/** A statement that PostgreSQL refuses over the contracts is as bad as can be; it is known by its file. */
function refused({ severity, code, message, file, line }: Finding, directory: string): ContractFinding[] {
    return code !== "statement-failed" && severity !== "error"
        ? []
        : [
              {
                  grade: "fails",
                  code,
                  object: file === undefined ? "" : relative(directory, resolve(file)).replaceAll("\\", "/"),
                  message,
                  ...(file === undefined ? {} : { place: { file, line: line ?? 1 } }),
              },
          ];
}

/** Sorts what a rehearsal found. */
export function checkedOf(
    inference: Inference,
    { configuration: { accepted }, directory, acceptedAt }: CheckedStack,
): Checked {
    const refusals = inference.findings.flatMap((finding) => refused(finding, directory));
    const settled = settle([...refusals, ...inference.contractFindings], accepted);
    const contracts = inference.contracts.map(({ host, port, database }) => `${host}:${port}/${database}`);
    return {
        ...settled,
        unusedAt: settled.unused.map((one) => acceptedAt(accepted.indexOf(one))),
        findings: inference.findings.filter(
            (finding) => finding.severity !== "note" && refused(finding, directory).length === 0,
        ),
        contracts,
        tables: inference.compared,
    };
}

const count = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

/** For people: one line for each finding, and what it comes to. */
export function checkedText({ open, accepted, unused, findings, contracts, tables }: Checked): string {
    const graded = (grade: Grade) => open.filter((finding) => finding.grade === grade).length;
    const total = GRADES.flatMap((grade) => (graded(grade) === 0 ? [] : [`${graded(grade)} ${GRADE_WORDS[grade]}`]));
    const compared = `${count(tables.length, "foreign table")} compared with ${count(contracts.length, "contract")}`;
    return [
        ...findings.map((finding) => `${finding.severity}: ${formatFinding(finding)} [${finding.code}]`),
        ...open.map((finding) => asMismatch(finding)),
        ...accepted.map(({ finding, reason }) => asMismatch(finding, `accepted (${reason})`)),
        ...unused.map((one) => `warning: ${unusedMessage(one)}`),
        `${compared}: ${total.length === 0 ? "they agree" : total.join(", ")}${accepted.length === 0 ? "" : `, ${accepted.length} accepted`}.`,
    ].join("\n");
}

/** Everything, for programs. */
export function checkedJson({ open, accepted, unused, findings, contracts, tables }: Checked): string {
    return JSON.stringify(
        {
            contracts,
            tables,
            findings: open,
            accepted: accepted.map(({ finding, reason }) => ({ ...finding, reason })),
            unused,
            schema: findings,
        },
        null,
        2,
    );
}

/** The same for the formats of other tools. */
export function checkedReport(
    { open, accepted, unused, unusedAt, findings, tables }: Checked,
    fails: (finding: ContractFinding) => boolean,
): Report {
    return {
        command: "check",
        version,
        findings: [
            ...open.map((finding) => reportedMismatch(finding, { fails: fails(finding) })),
            ...accepted.map(({ finding, reason }) => reportedMismatch(finding, { accepted: reason })),
            ...findings.map(reportedFinding),
            ...unused.map((one, at): Reported => {
                const place = unusedAt[at];
                return {
                    level: "warning",
                    code: "accepted-unused",
                    message: unusedMessage(one),
                    ...(place === undefined ? {} : { place }),
                };
            }),
        ],
        subjects: tables,
    };
}

/** Contracts that the command line names, relative to the working directory. */
function givenContracts(given: readonly string[]): Configuration["upstreams"] {
    const upstreams = parseContracts(given).map(({ database, contract }) => ({
        database,
        contract: contract.map((path) => resolve(path)),
    }));
    return upstreams.length === 0 ? [] : parseConfiguration({ upstreams }).upstreams;
}

/** Which findings fail the command. */
function threshold(failOn: (typeof FAIL_ON)[number]): (finding: ContractFinding) => boolean {
    return ({ grade }) => failOn !== "never" && FAIL_ON.indexOf(grade) <= FAIL_ON.indexOf(failOn);
}

/**
 * Rehearses the schema against the contracts of its upstreams and reports what differs.
 *
 * @returns the exit status: 1 where something is as bad as `--fail-on` says, or worse.
 * @throws InputError for unknown options, and where there is no contract.
 */
export async function check(
    options: GlobalOptions,
    chosen: CheckOptions,
    { print, tell }: CheckOutput,
): Promise<number> {
    const format = choose("--format", chosen.format, [...OWN_FORMATS, ...REPORT_FORMATS]);
    const fails = threshold(choose("--fail-on", chosen.failOn, FAIL_ON));
    const {
        identity,
        configuration: read,
        file,
    } = readProjectStack(findProjectDirectory(options.cwd), options.stack, {
        ...(chosen.schema === undefined ? {} : { schema: chosen.schema }),
        variables: parseVariables(chosen.var ?? []),
    });
    const { directory } = identity;
    const configured = withRecorded(readConfiguration(read, identity.project), directory);
    const given = givenContracts(chosen.contract ?? []);
    const configuration = { ...configured, upstreams: [...configured.upstreams, ...given] };
    if (!configuration.upstreams.some(({ contract }) => contract.length > 0)) {
        throw new InputError(
            `There is nothing to compare the schema with: no upstream in ${file} has a contract. Name its own DDL there, for example upstreams: [{ database: orders, contract: ../orders/migrations }], or here: npx fdw-stub check --contract DATABASE=PATH`,
        );
    }
    if (configuration.schema.length === 0) {
        throw new InputError(
            `There is nothing to compare with the contracts: ${file} names no schema. Name it: npx fdw-stub check --schema PATH`,
        );
    }
    checkSchemaPaths(configuration, directory);
    const checked = checkedOf(await rehearseSchema(configuration, directory, tell), {
        configuration,
        directory,
        acceptedAt: (index) => acceptedPlace(identity, file, index),
    });
    const text =
        format === "text"
            ? checkedText(checked)
            : isReportFormat(format)
              ? formatReport(fromRepository(checkedReport(checked, fails)), format).trimEnd()
              : checkedJson(checked);
    if (text !== "") {
        print(text);
    }
    return checked.open.some(fails) ? 1 : 0;
}
