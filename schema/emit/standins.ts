/** Placeholders without a value: which of them a name or an option holds, and which nobody asked for. */

import { STAND_IN } from "../read/placeholder";
import type { StandIn } from "../read/script";

export class StandIns {
    private readonly used = new Set<string>();

    constructor(private readonly all: ReadonlyMap<string, StandIn>) {}

    /** The placeholder whose stand-in a value holds. */
    find(value: string | undefined): StandIn | undefined {
        if (value === undefined || !value.includes(STAND_IN)) {
            return undefined;
        }
        for (const hit of value.matchAll(/fdw_stub_[a-z0-9_]+/g)) {
            for (let text = hit[0]; text.length > STAND_IN.length; text = text.slice(0, -1)) {
                const found = this.all.get(text);
                if (found !== undefined) {
                    this.used.add(found.text);
                    return found;
                }
            }
        }
        return undefined;
    }

    /** Those that were never found. */
    rest(): StandIn[] {
        return [...this.all.values()].filter(({ text }) => !this.used.has(text));
    }
}
