/**
 * Watches for the signals that end a process. The run is told to end, and what it has made is removed at once, so
 * that it doesn't wait for a server that nobody wants any more. A second signal ends the process as it is.
 *
 * @param clean Removes what the run has made so far.
 */
export function watchSignals(clean: () => Promise<unknown>) {
    const interrupted = new AbortController();
    let exitCode = 0;
    let cleaning: Promise<unknown> = Promise.resolve();
    const onSignal = (signal: NodeJS.Signals) => {
        process.stderr.write("\nInterrupted; removing what was begun.\n");
        exitCode = signal === "SIGINT" ? 130 : 143;
        interrupted.abort();
        cleaning = clean().catch(() => undefined);
    };
    process.once("SIGINT", onSignal);
    process.once("SIGTERM", onSignal);
    return {
        /** Aborted by the first signal. */
        signal: interrupted.signal,
        /** Settles when nothing is being removed: Docker refuses to remove the same thing twice at a time. */
        cleaned: () => cleaning,
        stop: () => {
            process.removeListener("SIGINT", onSignal);
            process.removeListener("SIGTERM", onSignal);
        },
        /** Ends the process as its signal wants it, if there was one. */
        exitIfSignalled: () => {
            if (interrupted.signal.aborted) {
                process.exit(exitCode);
            }
        },
    };
}
