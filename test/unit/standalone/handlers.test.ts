import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dockerClient } from "../../../docker/client";
import { dockerHandlers, nanoseconds } from "../../../standalone/docker";
import type { HandlerContext, Handlers } from "../../../standalone/handlers";
import { postgresqlHandlers } from "../../../standalone/postgresql";
import { randomHandlers } from "../../../standalone/random";
import { unwrapSecrets } from "../../../standalone/values";

describe("durations as Go writes them, in nanoseconds", () => {
    test.each([
        ["0s", 0],
        ["250ms", 250_000_000],
        ["1s", 1_000_000_000],
        ["1.5s", 1_500_000_000],
        ["90s", 90_000_000_000],
        ["2m0s", 120_000_000_000],
        ["1h2m3s4ms", 3_723_004_000_000],
    ])("%s is %d", (text, expected) => {
        expect(nanoseconds(text)).toBe(expected);
    });

    test("parts add up", () => {
        const part = fc.nat(999);
        fc.assert(
            fc.property(part, part, part, part, (h, m, s, ms) => {
                expect(nanoseconds(`${h}h${m}m${s}s${ms}ms`)).toBe((((h * 60 + m) * 60 + s) * 1000 + ms) * 1e6);
            }),
        );
    });
});

/** A handler's context. The client is never asked for anything here. */
const CONTEXT: HandlerContext = {
    docker: dockerClient({ host: "unix:///nonexistent/docker.sock", source: "a test", isDefault: false }),
    labels: {},
    progress: () => undefined,
    warn: () => undefined,
    kept: undefined,
    providers: new Map(),
    ended: new AbortController().signal,
};

function handle(handlers: Handlers, type: string, inputs: unknown, provider = "") {
    const handler = handlers[type];
    if (handler === undefined) {
        throw new Error(`There is no handler for ${type}.`);
    }
    return handler({ type, name: "one", inputs, provider }, CONTEXT);
}

describe("random passwords", () => {
    const TYPE = "random:index/randomPassword:RandomPassword";

    async function password(inputs: unknown): Promise<unknown> {
        const { outputs } = await handle(randomHandlers, TYPE, inputs);
        // A secret, so that everything made of it becomes one too.
        expect(outputs?.result).not.toBeTypeOf("string");
        return unwrapSecrets(outputs?.result);
    }

    test.each([
        [{ length: 32, special: false }, /^[A-Za-z0-9]{32}$/],
        [{ length: 1, special: false }, /^[A-Za-z0-9]$/],
        [{ length: 500 }, /^[!-~]*[^A-Za-z0-9][!-~]*$/],
    ])("%j", async (inputs, expected) => {
        const made = await password(inputs);
        expect(made).toMatch(expected);
        expect(made).toHaveLength(inputs.length);
    });

    test("uses the whole alphabet, and no two are alike", async () => {
        const made = await Promise.all(Array.from({ length: 100 }, () => password({ length: 62, special: false })));
        expect(new Set(made).size).toBe(100);
        expect(new Set(made.join("")).size).toBe(62);
    });

    test.each([{}, { length: 0 }, { length: 1.5 }, { length: "32" }])("refuses %j", async (inputs) => {
        await expect(handle(randomHandlers, TYPE, inputs)).rejects.toThrow(/length/);
    });
});

describe("inputs that a handler does not expect", () => {
    test.each([
        [dockerHandlers, "docker:index/network:Network", { labels: [] }, /name/],
        [dockerHandlers, "docker:index/volume:Volume", { name: 1 }, /name/],
        [
            dockerHandlers,
            "docker:index/container:Container",
            { name: "c", image: "i", networksAdvanced: [] },
            /networksAdvanced/,
        ],
        [
            dockerHandlers,
            "docker:index/container:Container",
            { name: "c", image: "i", networksAdvanced: [{ name: "n" }], restart: "sometimes" },
            /restart/,
        ],
        [postgresqlHandlers, "postgresql:index/role:Role", {}, /name/],
        [
            postgresqlHandlers,
            "postgresql:index/extension:Extension",
            { name: "x", createCascade: "yes" },
            /createCascade/,
        ],
    ])("%# %s", async (handlers, type, inputs, expected) => {
        await expect(handle(handlers, type, inputs)).rejects.toThrow(expected);
    });

    test.each([
        "postgresql:index/role:Role",
        "postgresql:index/database:Database",
        "postgresql:index/extension:Extension",
    ])("%s needs an explicit provider", async (type) => {
        await expect(handle(postgresqlHandlers, type, { name: "x" }, "nobody")).rejects.toThrow(
            `The resource one (${type}) has no provider`,
        );
    });
});
