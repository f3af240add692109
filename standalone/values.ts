/** How Pulumi's SDK wraps a secret on its way to a provider. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

function isSecret(value: object): value is { value: unknown } {
    return Reflect.get(value, SIGNATURE) === SECRET && "value" in value;
}

/** Takes the wrapping off every secret in a value. */
export function unwrapSecrets(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(unwrapSecrets);
    }
    if (typeof value === "object" && value !== null) {
        return isSecret(value)
            ? unwrapSecrets(value.value)
            : Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unwrapSecrets(one)]));
    }
    return value;
}

/** Marks a provider's output as secret, so that the program's outputs that contain it are secret too. */
export function secret(value: unknown): Record<string, unknown> {
    return { [SIGNATURE]: SECRET, value };
}
