import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one plain line that any CI can read: `N passed, N failed, N skipped`. */
export default class SummaryReporter implements Reporter {
    onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
        const tests = modules.flatMap((module) => [...module.children.allTests()]);
        const count = (state: string) => tests.filter((test) => test.result().state === state).length;
        // A file that cannot be loaded, or a hook that fails, has no test of its own to fail.
        const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
        console.log(`${count("passed")} passed, ${count("failed") + broken} failed, ${count("skipped")} skipped`);
    }
}
