import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { progressReporter } from "../../../cli/progress";
import type { PullProgress } from "../../../setup/pull-progress";

/** A stream that keeps what is written to it. */
function screen(terminal: { columns?: number } | undefined) {
    const written: string[] = [];
    const out = { isTTY: terminal !== undefined, ...terminal, write: (text: string) => written.push(text) };
    return { out, text: () => written.join("") };
}

/** What a person sees in the end: each carriage return with "erase" takes the line back. */
function visible(text: string): string {
    return text
        .split("\n")
        .map((line) => line.split("\r\u001b[K").at(-1))
        .join("\n");
}

const pull = (bytes: number): PullProgress => ({ bytes, totalBytes: 150_000_000, layersDone: 3, layers: 14 });

beforeEach(() => {
    vi.stubEnv("CI", undefined);
    vi.useFakeTimers();
});

afterEach(() => {
    vi.unstubAllEnvs();
    vi.useRealTimers();
});

describe("progress on a terminal", () => {
    test("lets a warning stand, in a line of its own", () => {
        const { out, text } = screen({ columns: 80 });
        const reporter = progressReporter(out);
        reporter.step("Starting PostgreSQL");
        reporter.warn("a guess");
        reporter.step("Going on");
        expect(visible(text())).toBe("warning: a guess\nGoing on");
    });

    test("stands in one line, which is rewritten and taken back in the end", () => {
        const { out, text } = screen({ columns: 80 });
        const reporter = progressReporter(out);
        reporter.step("Starting PostgreSQL");
        expect(visible(text())).toBe("Starting PostgreSQL");
        reporter.pull?.(pull(10_400_000));
        expect(visible(text())).toBe("Pulling: 10 of 150 MB, 3 of 14 layers");
        reporter.step("Creating the stub tables in a");
        expect(visible(text())).toBe("Creating the stub tables in a");
        reporter.done();
        expect(visible(text())).toBe("");
        expect(text()).not.toContain("\n");
    });

    test("never wraps, because a wrapped line could not be taken back", () => {
        const { out, text } = screen({ columns: 30 });
        progressReporter(out).step("x".repeat(500));
        expect(text()).toBe("x".repeat(29));
    });

    test.each([undefined, 0, 5])("a width of %s is taken for a sensible one", (columns) => {
        const { out, text } = screen(columns === undefined ? {} : { columns });
        progressReporter(out).step("x".repeat(500));
        expect(text().length).toBe(columns === undefined ? 79 : 20);
    });

    test("nothing shown, nothing taken back", () => {
        const { out, text } = screen({ columns: 80 });
        progressReporter(out).done();
        expect(text()).toBe("");
    });
});

describe.each<[string, { columns?: number } | undefined, string | undefined]>([
    ["a pipe", undefined, undefined],
    ["a terminal in CI", { columns: 80 }, "true"],
])("progress on %s", (_, terminal, ci) => {
    beforeEach(() => {
        vi.stubEnv("CI", ci);
    });

    test("is one whole line for each step, without control characters", () => {
        const { out, text } = screen(terminal);
        const reporter = progressReporter(out);
        reporter.step("Starting PostgreSQL");
        reporter.step("x".repeat(500));
        reporter.done();
        expect(text()).toBe(`Starting PostgreSQL\n${"x".repeat(500)}\n`);
    });

    test("tells of a pull every ten seconds", () => {
        const { out, text } = screen(terminal);
        const reporter = progressReporter(out);
        for (let second = 0; second <= 20; second++) {
            reporter.pull?.(pull(second * 1_000_000));
            vi.advanceTimersByTime(1000);
        }
        expect(text()).toBe([0, 10, 20].map((mb) => `Pulling: ${mb} of 150 MB, 3 of 14 layers\n`).join(""));
    });
});

test("a pull of unknown size is told by its layers", () => {
    const { out, text } = screen(undefined);
    progressReporter(out).pull?.({ bytes: 5, totalBytes: 0, layersDone: 1, layers: 2 });
    expect(text()).toBe("Pulling: 1 of 2 layers\n");
});
