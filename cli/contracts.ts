import { InputError } from "../upstreams/errors";

/**
 * Contracts from the command line: `DATABASE=PATH`, several paths of one database after each other.
 *
 * @throws InputError for what has not that form.
 */
export function parseContracts(given: readonly string[]): Array<{ database: string; contract: string[] }> {
    const contracts = new Map<string, string[]>();
    for (const one of given) {
        const [, database, path] = /^([^=]+)=(.+)$/s.exec(one) ?? [];
        if (database === undefined || path === undefined) {
            throw new InputError(
                `--contract ${JSON.stringify(one)}: write DATABASE=PATH, the upstream's database and a SQL file or folder with its own DDL.`,
            );
        }
        contracts.set(database, [...(contracts.get(database) ?? []), path]);
    }
    return [...contracts].map(([database, contract]) => ({ database, contract }));
}
