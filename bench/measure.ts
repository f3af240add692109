/** Seconds that some work took. */
export async function seconds(work: () => Promise<unknown> | unknown): Promise<number> {
    const began = performance.now();
    await work();
    return (performance.now() - began) / 1000;
}

/** The middle one; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length / 2;
    const upper = sorted[Math.floor(middle)] ?? Number.NaN;
    return Number.isInteger(middle) ? ((sorted[middle - 1] ?? upper) + upper) / 2 : upper;
}

/** A figure of one run, and what it is compared with. */
export interface Row {
    readonly what: string;
    readonly seconds: number;
    /** Ratio to the floor of the same run. */
    readonly ratio?: number;
    /** Largest ratio (or seconds) that is aimed at. */
    readonly aim?: string;
}

/** Rows as a Markdown table. */
export function table(rows: readonly Row[]): string {
    const cells = rows.map(({ what, seconds: s, ratio, aim }) => [
        what,
        `${s.toFixed(2)} s`,
        ratio === undefined ? "" : ratio.toFixed(2),
        aim ?? "",
    ]);
    const all = [["what", "median", "ratio", "aim"], ["---", "---", "---", "---"], ...cells];
    return all.map((row) => `| ${row.join(" | ")} |`).join("\n");
}
