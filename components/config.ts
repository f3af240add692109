import { inputError } from "../upstreams/errors";
import { CONFIGURATION_KEYS, type Configuration, parseConfiguration } from "../upstreams/parse";

/** The name of this package, which other packages' configurations begin with as well. */
const PACKAGE = "fdw-stub";

/** Keys whose value is text; all others are JSON in Pulumi's configuration. */
const TEXT_KEYS = new Set(["image", "devDatabase", "devUser"]);

function parseValue(key: string, value: string): unknown {
    if (TEXT_KEYS.has(key)) {
        return value;
    }
    try {
        return JSON.parse(value);
    } catch {
        // Left as it is: the check that follows says what is expected, with the place.
        return value;
    }
}

/**
 * Reads a project's configuration as Pulumi hands it to a program: flat, by `project:key`, structured values as JSON.
 *
 * @throws InputError that names every unknown key and every bad value.
 */
export function readConfiguration(all: Readonly<Record<string, string>>, project: string): Configuration {
    // What is printed as a line of configuration has the name of this package, whatever the project is called.
    const namespaces = [...new Set([PACKAGE, project])];
    const own = namespaces.flatMap((namespace) =>
        Object.entries(all).flatMap(([name, value]): Array<[string, string]> => {
            const at = name.indexOf(":");
            return name.slice(0, at) === namespace ? [[name.slice(at + 1), value]] : [];
        }),
    );
    const unknown = own.map(([key]) => key).filter((key) => !CONFIGURATION_KEYS.includes(key));
    if (unknown.length > 0) {
        throw inputError(
            "The configuration cannot be used",
            unknown.map(
                (key) =>
                    `${project}:${key} is unknown; known are ${CONFIGURATION_KEYS.join(", ")}. Check the spelling, or remove it: pulumi config rm ${key}`,
            ),
        );
    }
    return parseConfiguration({
        upstreams: [],
        ...Object.fromEntries(own.map(([key, value]) => [key, parseValue(key, value)])),
    });
}
