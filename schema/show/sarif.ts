import type { Location, Log, Result } from "sarif";
import { describeRule, type Report, type Reported } from "./reported";

const LEVELS = { error: "error", warning: "warning", note: "note" } as const;

/** A path as a relative URI, or an absolute one. */
function uri(file: string): string {
    const path = file.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/");
    return path.startsWith("/") ? `file://${path}` : path.replace(/^(?:\.\/)+/, "");
}

function location({ file, line }: { file: string; line?: number }): Location {
    return {
        physicalLocation: {
            artifactLocation: { uri: uri(file) },
            ...(line === undefined ? {} : { region: { startLine: line } }),
        },
    };
}

function result({ level, code, message, place, object, related, accepted }: Reported): Result {
    return {
        ruleId: code,
        level: LEVELS[level],
        message: { text: message },
        locations:
            place === undefined
                ? []
                : [
                      {
                          ...location(place),
                          ...(object === undefined ? {} : { logicalLocations: [{ fullyQualifiedName: object }] }),
                      },
                  ],
        ...(related === undefined
            ? {}
            : { relatedLocations: [{ ...location(related), message: { text: related.message } }] }),
        partialFingerprints: { "fdwStub/v1": JSON.stringify([code, object ?? message]) },
        // What is not accepted has none: a result without the list would leave it open.
        suppressions: accepted === undefined ? [] : [{ kind: "external", status: "accepted", justification: accepted }],
    };
}

/** SARIF 2.1.0. */
export function asSarif({ command, version, findings }: Report): string {
    const rules = [...new Set(findings.map(({ code }) => code))].sort().map((id) => {
        const text = describeRule(id);
        return text === undefined ? { id } : { id, shortDescription: { text } };
    });
    const log: Log = {
        $schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [
            {
                tool: { driver: { name: "fdw-stub", semanticVersion: version, rules } },
                automationDetails: { id: `fdw-stub ${command}/` },
                columnKind: "utf16CodeUnits",
                results: findings.map(result),
            },
        ],
    };
    return `${JSON.stringify(log, null, 2)}\n`;
}
