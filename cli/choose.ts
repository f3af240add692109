import { InputError } from "../upstreams/errors";

/**
 * One of the values that an option takes.
 *
 * @throws InputError that names them.
 */
export function choose<T extends string>(what: string, value: string, known: readonly T[]): T {
    const found = known.find((one) => one === value);
    if (found === undefined) {
        throw new InputError(`${what} ${JSON.stringify(value)} is unknown; known are ${known.join(", ")}.`);
    }
    return found;
}
