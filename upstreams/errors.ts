/** A mistake in what the user gave. Its message is all that needs to be shown: no stack trace helps. */
export class InputError extends Error {
    override readonly name = "InputError";
}

/** One message for several mistakes, so that the user can mend them in one go. */
export function inputError(what: string, problems: readonly string[]): InputError {
    const [only, ...more] = problems;
    if (only !== undefined && more.length === 0) {
        return new InputError(`${what}: ${only}`);
    }
    return new InputError(`${what}: ${problems.length} problems\n${problems.map((p) => `  - ${p}`).join("\n")}`);
}
