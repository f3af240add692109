/** Orders of file names, as migration tools have them. */

/** Numbers inside names count by value: 2 before 10. Ties fall back to plain order. */
export function naturalOrder(a: string, b: string): number {
    const left = a.match(/\d+|\D+/g) ?? [];
    const right = b.match(/\d+|\D+/g) ?? [];
    for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
        const x = left[i] ?? "";
        const y = right[i] ?? "";
        if (x === y) {
            continue;
        }
        if (/^\d/.test(x) && /^\d/.test(y)) {
            const difference = BigInt(x) - BigInt(y);
            if (difference !== 0n) {
                return difference < 0n ? -1 : 1;
            }
            continue;
        }
        return x < y ? -1 : 1;
    }
    return left.length - right.length || byteOrder(a, b);
}

export function byteOrder(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

export interface FlywayName {
    readonly kind: "version" | "repeatable" | "undo" | "baseline";
    readonly version: readonly bigint[];
    readonly description: string;
}

/** `V1_2__name.sql`, `R__name.sql`, `U1__name.sql`, `B5__name.sql`; undefined for any other name. */
export function flywayName(name: string): FlywayName | undefined {
    const hit = /^([VUB])([0-9][0-9._]*?)__(.*)\.sql$/.exec(name);
    if (hit !== null) {
        const kind = hit[1] === "V" ? "version" : hit[1] === "U" ? "undo" : "baseline";
        const version = (hit[2] ?? "").split(/[._]/).filter((part) => part !== "");
        return { kind, version: version.map(BigInt), description: hit[3] ?? "" };
    }
    const repeatable = /^R__(.*)\.sql$/.exec(name);
    return repeatable === null ? undefined : { kind: "repeatable", version: [], description: repeatable[1] ?? "" };
}

export function versionOrder(a: readonly bigint[], b: readonly bigint[]): number {
    for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
        const difference = (a[i] ?? 0n) - (b[i] ?? 0n);
        if (difference !== 0n) {
            return difference < 0n ? -1 : 1;
        }
    }
    return 0;
}

/** The changes of a `sqitch.plan`, as paths below the deploy folder, in order. */
export function sqitchChanges(plan: string): string[] {
    const changes: Array<{ name: string; tag?: string }> = [];
    /** Changes since the last tag, and in all. A change that comes again was reworked: the older one has its tag. */
    let untagged: number[] = [];
    const seen = new Map<string, number>();
    for (const raw of plan.split("\n")) {
        const line = raw.trim();
        if (line === "" || line.startsWith("%") || line.startsWith("#")) {
            continue;
        }
        const tag = /^@([^\s]+)/.exec(line);
        if (tag !== null) {
            for (const index of untagged) {
                const change = changes[index];
                if (change !== undefined) {
                    change.tag = tag[1] ?? "";
                }
            }
            untagged = [];
            continue;
        }
        const name = /^([^\s[]+)/.exec(line)?.[1];
        // A line with a minus reverts a change in very old plans.
        if (name === undefined || name.startsWith("-")) {
            continue;
        }
        const plain = name.replace(/^\+/, "");
        untagged.push(changes.length);
        seen.set(plain, changes.length);
        changes.push({ name: plain });
    }
    return changes.map(({ name, tag }, index) =>
        seen.get(name) === index || tag === undefined ? `${name}.sql` : `${name}@${tag}.sql`,
    );
}
