import { appendFileSync } from "node:fs";
import type { ServerContainer } from "../docker/server";
import { InputError } from "../upstreams/errors";
import { devUrlOf } from "./context";
import { maintenanceUrl } from "./maintenance";

/** How `env` writes its variables. */
export const ENV_FORMATS = ["sh", "dotenv", "github"] as const;
export type EnvFormat = (typeof ENV_FORMATS)[number];

/** The variables that tools read, by name. All are secret. */
export function environmentOf(server: ServerContainer): Record<string, string> {
    const devUrl = devUrlOf(server);
    return { DEV_URL: devUrl, ATLAS_DEV_URL: devUrl, FDW_STUB_URL: maintenanceUrl(server) };
}

function message(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

/** Commands for the runner: what stands in them is hidden in every log. A password looks another way in a URL. */
function masks(server: ServerContainer, url: string): string {
    const secrets = new Set([server.password, new URL(url).password].filter((secret) => secret !== ""));
    // The runner decodes these three in what it is told.
    const encoded = [...secrets].map((secret) =>
        secret.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A"),
    );
    return encoded.map((secret) => `::add-mask::${secret}`).join("\n");
}

function shellQuoted(text: string): string {
    return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Gives the variables out in a form.
 *
 * @returns the text for stdout. For GitHub Actions the variables go to the file that `GITHUB_ENV` names, and stdout
 * gets the commands that mask the password in logs.
 * @throws InputError for an unknown form, and for `github` outside of GitHub Actions.
 */
export function formatEnvironment(
    server: ServerContainer,
    format: string,
    env: Readonly<Record<string, string | undefined>> = process.env,
): string {
    const entries = Object.entries(environmentOf(server));
    switch (format) {
        case "sh":
            return entries.map(([name, value]) => `export ${name}=${shellQuoted(value)}`).join("\n");
        case "dotenv":
            return entries.map(([name, value]) => `${name}=${value}`).join("\n");
        case "github": {
            if (!env.GITHUB_ENV) {
                throw new InputError(
                    "GITHUB_ENV is not set: --format github is for steps of GitHub Actions. Elsewhere use --format sh or dotenv.",
                );
            }
            try {
                appendFileSync(env.GITHUB_ENV, entries.map(([name, value]) => `${name}=${value}\n`).join(""));
            } catch (error) {
                throw new InputError(
                    `The file ${JSON.stringify(env.GITHUB_ENV)}, which GITHUB_ENV names, cannot be written (${message(error)}).`,
                );
            }
            return masks(server, devUrlOf(server));
        }
        default:
            throw new InputError(`--format ${JSON.stringify(format)} is unknown; known are ${ENV_FORMATS.join(", ")}.`);
    }
}
