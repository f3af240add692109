/** Which contract a statement failed by. Pure. */

import type { Upstream } from "../../upstreams/model";
import type { Facts, FailureFact } from "../facts";
import { databaseFor, databasesOfServer } from "../servers";
import { contractOf } from "./result";
import type { Contract } from "./run";

const bare = (text: string) => text.replaceAll('"', "");

/** Foreign servers that a failure names, or whose tables the command names that an upstream refused. */
function serversOf({ message, where = "" }: FailureFact, { tables }: Facts): string[] {
    const server = /^schema ".*" is not present on foreign server "(.*)"$/.exec(message)?.[1];
    if (server !== undefined) {
        return [server];
    }
    const command = /remote SQL command: ([\s\S]*)/.exec(where)?.[1];
    if (command === undefined) {
        return [];
    }
    const words = new Set(bare(command).split(/[\s(),;]+/));
    return tables
        .filter(({ remoteSchema, remoteName }) => words.has(`${remoteSchema}.${remoteName}`))
        .map(({ server: name }) => name);
}

/** @param plain Databases whose stub is called like them, whatever the host. */
export function failureContext(
    facts: Facts,
    upstreams: readonly Upstream[],
    contracts: ReadonlyMap<string, Contract>,
    plain: ReadonlySet<string>,
): (failure: FailureFact) => string | undefined {
    const byStub = new Map(
        upstreams.flatMap((upstream) => {
            const contract = contractOf(upstream, contracts);
            return contract === undefined
                ? []
                : [[databaseFor(upstream, upstream.database, plain), { upstream, contract }] as const];
        }),
    );
    return (failure) => {
        const [found] = serversOf(failure, facts)
            .flatMap((name) => databasesOfServer(facts, name, plain))
            .flatMap((stub) => byStub.get(stub) ?? []);
        return found === undefined
            ? undefined
            : `The stub of ${found.upstream.database} is its contract, ${found.contract.paths.join(", ")}.`;
    };
}
