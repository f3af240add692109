/** Upstreams whose stub a contract makes, and what is to be said about them. Pure. */

import type { ContractOrigin, Finding, UpstreamOrigin } from "../../schema/report";
import type { Ddl, Upstream } from "../../upstreams/model";
import { policiesFor } from "./entries";
import { isGranted, privilegeStatements } from "./privileges";
import type { Contract } from "./run";

export function contractKey({ database, contract = [] }: Pick<Upstream, "database" | "contract">): string {
    return JSON.stringify([database, contract]);
}

/** The contract of an upstream, where it has one. */
export function contractOf(upstream: Upstream, contracts: ReadonlyMap<string, Contract>): Contract | undefined {
    return upstream.contract === undefined ? undefined : contracts.get(contractKey(upstream));
}

function whole(upstream: Upstream, contract: Contract): Upstream {
    const { paths, database, extensions, ddl, policies, privileges } = contract;
    const users = upstream.users.map((user) => (isGranted(privileges, user) ? { ...user, granted: true } : user));
    const names = users.filter(({ granted }) => granted === true).map(({ name }) => name);
    const members = new Map(
        [...privileges.members].map(([role, all]) => [role, all.filter((member) => names.includes(member))]),
    );
    const origin = `${paths.join(", ")} (${database})`;
    return {
        ...upstream,
        users,
        extensions,
        ddl: [...ddl, ...policiesFor(policies, members), ...privilegeStatements(privileges, users)].map(
            (sql): Ddl => ({ origin, line: 1, sql }),
        ),
        tables: [],
    };
}

/** Each upstream with a contract has what the contract makes, and its logins have the privileges that it gives them. */
export function withContracts(upstreams: readonly Upstream[], contracts: ReadonlyMap<string, Contract>): Upstream[] {
    return upstreams.map((upstream) => {
        const contract = contractOf(upstream, contracts);
        return contract === undefined ? upstream : whole(upstream, contract);
    });
}

export interface Derived {
    readonly upstreams: readonly Upstream[];
    readonly origins: readonly UpstreamOrigin[];
    readonly contracts: ReadonlyMap<string, Contract>;
    readonly devUser: string;
    /** Whether a schema was run. */
    readonly hasSchema: boolean;
}

/** What is to be said of contracts: that nothing asks for one, and whose privileges it does not tell. */
export function contractFindings({ upstreams, origins, contracts, devUser, hasSchema }: Derived): Finding[] {
    const used = new Set(upstreams.flatMap((upstream) => contractOf(upstream, contracts) ?? []));
    const said = [...used].flatMap(({ findings }) => findings);
    const each = upstreams.flatMap((upstream): Finding[] => {
        const contract = contractOf(upstream, contracts);
        const [file = ""] = contract?.paths ?? [];
        if (contract === undefined) {
            return [];
        }
        const { host, port, database, users } = upstream;
        const origin = origins.find((one) => one.host === host && one.port === port && one.database === database);
        if (origin === undefined && hasSchema) {
            const others = origins.map((one) => `${one.host}:${one.port}/${one.database}`);
            return [
                {
                    severity: "warning",
                    code: "contract-unused",
                    message: `Nothing in the schema leads to the upstream ${host}:${port}/${database}, which has a contract; it asks for ${others.length === 0 ? "no upstream" : others.join(", ")}. Check the database's name, or give the host.`,
                    file,
                },
            ];
        }
        return users
            .filter((user) => !isGranted(contract.privileges, user))
            .map(({ name, created }): Finding => {
                const place = origin?.users.find((user) => user.name === name)?.place;
                const why =
                    name === devUser
                        ? `${name} is the superuser here, so that its privileges at ${database} are not put to the test`
                        : created === true
                          ? `The schema makes the role ${name} itself, so that its privileges at ${database} are not put to the test`
                          : `The contract of ${database} does not mention the role ${name}, so that it may use everything in the stub`;
                return { severity: "note", code: "contract-role", message: `${why}.`, ...(place ?? { file }) };
            });
    });
    return [...said, ...each];
}

/** From which contract each stub came. */
export function contractOrigins(
    upstreams: readonly Upstream[],
    contracts: ReadonlyMap<string, Contract>,
): ContractOrigin[] {
    return upstreams.flatMap((upstream) => {
        const contract = contractOf(upstream, contracts);
        const { host, port, database } = upstream;
        return contract === undefined
            ? []
            : [
                  {
                      host,
                      port,
                      database,
                      paths: contract.paths,
                      files: contract.files,
                      tables: contract.tables.length,
                  },
              ];
    });
}
