import { InputError } from "../upstreams/errors";

/**
 * Reads what `--var name=value` was given.
 *
 * @throws InputError for what is no assignment.
 */
export function parseVariables(given: readonly string[]): Record<string, string> {
    return Object.fromEntries(
        given.map((one): [string, string] => {
            const at = one.indexOf("=");
            if (at < 1) {
                throw new InputError(`--var ${JSON.stringify(one)} is no assignment; write it as NAME=VALUE.`);
            }
            return [one.slice(0, at), one.slice(at + 1)];
        }),
    );
}
