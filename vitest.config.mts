import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Seconds as vitest wants them. */
const seconds = (n: number) => n * 1000;

// Results of earlier runs must not stand for the code under test.
process.env.FDW_STUB_CACHE ??= mkdtempSync(join(tmpdir(), "fdw-stub-test-cache-"));

export default defineConfig({
    test: {
        reporters: ["default", "./test/summary-reporter.mts"],
        projects: [
            {
                // Needs neither Docker nor PostgreSQL nor a network.
                test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: seconds(20) },
            },
            {
                // Each file has containers of its own, and waits for them most of the time.
                test: {
                    name: "integration",
                    include: ["test/integration/**/*.test.ts"],
                    globalSetup: "test/integration/support/global-setup.ts",
                    maxWorkers: 2,
                    sequence: { groupOrder: 1 },
                    testTimeout: seconds(120),
                    hookTimeout: seconds(600),
                },
            },
            {
                // Each file has a checkout of its own, and waits for the CLI and for Docker most of the time.
                test: {
                    name: "engine",
                    include: ["test/engine/**/*.test.ts"],
                    globalSetup: "test/integration/support/global-setup.ts",
                    maxWorkers: 2,
                    sequence: { groupOrder: 2 },
                    testTimeout: seconds(300),
                    hookTimeout: seconds(600),
                },
            },
        ],
    },
});
