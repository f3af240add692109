/** Placeholders without a value, and what stands in for them. */

import type { Place } from "../report";

/** A placeholder without a value. */
export interface StandIn {
    readonly name: string;
    /** What stands in for it: a name that is also fine as a password. */
    readonly text: string;
    /** Where it is first. */
    readonly place: Place;
    /** Options of servers, mappings and connection strings that it is part of, with the place of the first. */
    readonly options: ReadonlyMap<string, OptionUse>;
}

/** Where a placeholder is an option's value. */
export interface OptionUse extends Place {
    /** What the option belongs to, for a message: `server s`. */
    readonly owner: string;
    /** What stands there: an option may take no text, as a port. */
    readonly value: string;
}

/** The prefix of every stand-in. */
export const STAND_IN = "fdw_stub_";

/** Options that take no text, and what stands in there. */
export const OPTION_VALUES: ReadonlyMap<string, string> = new Map([
    ["port", "5432"],
    ["fetch_size", "100"],
    ["batch_size", "100"],
    ["connect_timeout", "10"],
    ["fdw_startup_cost", "100"],
    ["fdw_tuple_cost", "0.2"],
    ["use_remote_estimate", "false"],
    ["updatable", "true"],
    ["truncatable", "true"],
    ["async_capable", "false"],
    ["parallel_commit", "false"],
    ["parallel_abort", "false"],
    ["keep_connections", "on"],
    ["analyze_sampling", "auto"],
    ["keepalives", "1"],
    ["keepalives_idle", "60"],
    ["keepalives_interval", "10"],
    ["keepalives_count", "3"],
    ["tcp_user_timeout", "0"],
    ["sslmode", "prefer"],
    ["gssencmode", "prefer"],
    ["target_session_attrs", "any"],
    ["password_required", "true"],
]);

/** The stand-in that a value holds, if it does. */
export function findStandIn(standIns: ReadonlyMap<string, StandIn>, value: string | undefined): StandIn | undefined {
    for (const hit of value?.matchAll(/fdw_stub_[a-z0-9_]+/g) ?? []) {
        for (let text = hit[0]; text.length > STAND_IN.length; text = text.slice(0, -1)) {
            const found = standIns.get(text);
            if (found !== undefined) {
                return found;
            }
        }
    }
    return undefined;
}

export class StandIns {
    private readonly texts = new Map<string, string>();
    private readonly taken = new Set<string>();
    private readonly known = new Map<
        string,
        { name: string; text: string; place: Place; options: Map<string, OptionUse> }
    >();

    /** Those that statements hold, by their texts. */
    get all(): ReadonlyMap<string, StandIn> {
        return this.known;
    }

    /** The text that stands in for a name; no two names share one. */
    textOf(name: string): string {
        const known = this.texts.get(name);
        if (known !== undefined) {
            return known;
        }
        const safe = `${STAND_IN}${name.toLowerCase().replace(/[^a-z0-9_]+/g, "_")}`.slice(0, 56);
        let text = safe;
        for (let number = 2; this.taken.has(text); number += 1) {
            text = `${safe}_${number}`;
        }
        this.texts.set(name, text);
        this.taken.add(text);
        return text;
    }

    /** A statement that can be read holds it. */
    use(name: string, place: Place, option?: { readonly name: string; readonly owner: string }): void {
        const text = this.textOf(name);
        const known = this.known.get(text) ?? { name, text, place, options: new Map<string, OptionUse>() };
        this.known.set(text, known);
        if (option !== undefined && !known.options.has(option.name)) {
            const value = OPTION_VALUES.get(option.name) ?? text;
            known.options.set(option.name, { ...place, owner: option.owner, value });
        }
    }
}
