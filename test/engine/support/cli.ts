import { spawnSync } from "node:child_process";
import { describe } from "vitest";

/** Bound on one engine test: a few runs of the CLI on a slow machine. */
export const TEST_TIMEOUT_MS = 180_000;

function pulumi(...args: string[]): string | undefined {
    const run = spawnSync("pulumi", args, {
        encoding: "utf8",
        timeout: 60_000,
        env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" },
    });
    return run.status === 0 ? run.stdout : undefined;
}

/** Why the engine tests cannot run here; undefined when they can. */
function reasonToSkip(): string | undefined {
    return pulumi("version") === undefined
        ? "there is no `pulumi` command on PATH; see https://www.pulumi.com/docs/install/"
        : undefined;
}

/** Whether the CLI has all resource plugins already, so that it need not look for any. */
function pluginsArePresent(): boolean {
    const listed = pulumi("plugin", "ls", "--json");
    const plugins: unknown = listed === undefined ? [] : JSON.parse(listed);
    const names = Array.isArray(plugins)
        ? plugins.flatMap((one: unknown) =>
              typeof one === "object" && one !== null && "name" in one && typeof one.name === "string"
                  ? [one.name]
                  : [],
          )
        : [];
    return ["docker", "postgresql", "random"].every((name) => names.includes(name));
}

/** What every run of the CLI gets, beside the stack's own backend. */
export function cliEnvironment(): Record<string, string> {
    return {
        PULUMI_CONFIG_PASSPHRASE: "engine tests",
        PULUMI_SKIP_UPDATE_CHECK: "1",
        ...(pluginsArePresent() ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" } : {}),
    };
}

/**
 * A group of tests with the real Pulumi CLI. Its tests run in order, and each finds the stack as the one before
 * left it: an `up` from nothing costs as much as the check itself.
 */
export function describeEngine(title: string, body: () => void): void {
    const reason = reasonToSkip();
    if (reason === undefined) {
        describe(title, { timeout: TEST_TIMEOUT_MS }, body);
        return;
    }
    console.warn(`Skipped: ${title}: ${reason}`);
    describe.skip(`${title} (${reason})`, body);
}
