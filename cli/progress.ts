import type { PullProgress } from "../setup/pull-progress";
import type { Reporter } from "../standalone/up";

const MEGABYTE = 1_000_000;

function describePull({ bytes, totalBytes, layersDone, layers }: PullProgress): string {
    const mb = (n: number) => (n / MEGABYTE).toFixed(0);
    return totalBytes === 0
        ? `Pulling: ${layersDone} of ${layers} layers`
        : `Pulling: ${mb(bytes)} of ${mb(totalBytes)} MB, ${layersDone} of ${layers} layers`;
}

/** Between two lines about the same pull where lines cannot be rewritten. */
const PLAIN_EVERY_MS = 10_000;

/** The part of a terminal, or of what takes its place, that matters here. */
export interface Screen {
    readonly isTTY?: boolean;
    readonly columns?: number;
    write(text: string): unknown;
}

/**
 * Tells how far a run is, on stderr, so that stdout holds results alone. A terminal shows the current step in one
 * line that is rewritten; a log gets a line for each step.
 */
export function progressReporter(out: Screen = process.stderr): Reporter & { done(): void } {
    const rewrites = out.isTTY === true && process.env.CI === undefined;
    let shown = false;
    let nextPlain = 0;
    const clear = () => {
        if (shown) {
            out.write("\r\u001b[K");
            shown = false;
        }
    };
    const rewrite = (text: string) => {
        clear();
        // A line that wraps could not be taken back.
        out.write(text.slice(0, Math.max(20, (out.columns ?? 80) - 1)));
        shown = true;
    };
    return {
        step: (text) => {
            if (rewrites) {
                rewrite(text);
            } else {
                out.write(`${text}\n`);
            }
        },
        warn: (text) => {
            clear();
            out.write(`warning: ${text}\n`);
        },
        pull: (progress) => {
            if (rewrites) {
                rewrite(describePull(progress));
            } else if (Date.now() >= nextPlain) {
                nextPlain = Date.now() + PLAIN_EVERY_MS;
                out.write(`${describePull(progress)}\n`);
            }
        },
        done: clear,
    };
}
