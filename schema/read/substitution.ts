/** What placeholders become: their values, quoted where SQL demands it, or what stands in for them. */

import { quoteIdentUnchecked, quoteLiteral } from "../../upstreams/quote";
import type { Place } from "../report";
import { isPsql, type PlaceholderContext, type PlaceholderKind, placeholderName } from "./placeholder";
import { type Site, siteOf } from "./site";
import { findStandIn, OPTION_VALUES, type StandIns } from "./standins";
import type { Substituter } from "./templates";
import type { Variables } from "./variables";

/** A placeholder without a value in a statement that may yet turn out to be none. */
interface Use {
    readonly name: string;
    readonly line: number;
    readonly option?: string;
}

const LITERAL = /^\s*(?:(?:[ebnx]|u&)?'[\s\S]*'|\$(\w*)\$[\s\S]*\$\1\$)\s*$/i;
const NUMBER = /^\s*[-+]?\d+(?:\.\d+)?\s*$/;
/** Placeholders of extension scripts, the only ones between at signs that are not in capitals. */
const EXTENSION_NAMES = new Set(["extschema", "extowner"]);

/** Whether what is written like this is a placeholder even if nobody gives it a value. */
function isClear(kind: PlaceholderKind, name: string, context: PlaceholderContext): boolean {
    if (context.foreignLanguage) {
        return false;
    }
    const capitals = /^[A-Z_][A-Z0-9_]+$/.test(name);
    switch (kind) {
        case "at":
            return capitals || EXTENSION_NAMES.has(name);
        case "shell-bare":
            // Outside quotes nothing else is written so; inside them amounts of money and regular expressions are.
            return (
                context.quote === "none" ||
                (capitals && (context.quote === "meta" || siteOf(context).option !== undefined))
            );
        case "psql":
            // Ruby's `t.string :email`
            return !context.colons && !/\w\.\w+[ \t]+$/.test(context.before());
        default:
            return true;
    }
}

export class Substitution implements Substituter {
    private uses: Use[] = [];
    /** The first tag of template logic. */
    logic: { readonly tag: string; readonly line: number } | undefined;

    constructor(
        private readonly variables: Variables,
        private readonly standIns: StandIns,
        private readonly isDefined: (name: string, line: number) => boolean,
    ) {}

    substitute(kind: PlaceholderKind, inside: string, context: PlaceholderContext): string | undefined {
        if (kind === "block") {
            return this.block(inside, context);
        }
        const named = placeholderName(kind, inside);
        if (named === undefined) {
            return undefined;
        }
        const { name } = named;
        if (kind === "psql-defined") {
            return this.isDefined(name, context.line()) ? "TRUE" : "FALSE";
        }
        const clear = this.variables.isGiven(name) || isClear(kind, name, context);
        if (!clear && kind !== "psql") {
            return undefined;
        }
        const value = (isPsql(kind) ? this.variables.psql(name) : this.variables.template(name)) ?? named.fallback;
        if (value === undefined && !clear) {
            return undefined;
        }
        const site = siteOf(context);
        const standIn = value === undefined ? name : findStandIn(this.standIns.all, value)?.name;
        if (standIn !== undefined) {
            this.uses.push({
                name: standIn,
                line: context.line(),
                ...(site.option === undefined ? {} : { option: site.option }),
            });
        }
        return value === undefined
            ? written(kind, OPTION_VALUES.get(site.option ?? "") ?? this.standIns.textOf(name), site, site.likesLiteral)
            : written(kind, value, site, kind === "python" && site.likesLiteral && !NUMBER.test(value));
    }

    private block(tag: string, context: PlaceholderContext): string | undefined {
        if (context.foreignLanguage) {
            return undefined;
        }
        if (!/^(?:<%#|\{#)/.test(tag)) {
            this.logic ??= { tag, line: context.line() };
        }
        return "";
    }

    /** Names of the placeholders without a value since the last statement, which are given up. */
    forget(): string[] {
        const names = [...new Set(this.uses.map(({ name }) => name))];
        this.uses = [];
        return names;
    }

    /** The statement that holds the placeholders since the last one is what it seems to be. */
    confirm(file: string, sql: string): void {
        for (const { name, line, option } of this.uses) {
            const place: Place = { file, line };
            this.standIns.use(name, place, option === undefined ? undefined : { name: option, owner: ownerIn(sql) });
        }
        this.uses = [];
    }
}

function written(kind: PlaceholderKind, value: string, site: Site, quote: boolean): string {
    // No statement can hold a NUL.
    const text = value.replaceAll("\0", "");
    if (kind === "psql-literal") {
        return quoteLiteral(text);
    }
    if (kind === "psql-ident") {
        return quoteIdentUnchecked(text);
    }
    return (site.wantsLiteral || quote) && !LITERAL.test(text) ? quoteLiteral(text) : text;
}

/** What the options in a statement belong to. */
function ownerIn(sql: string): string {
    const name = '("(?:[^"]|"")*"|[^\\s(;]+)';
    const server = new RegExp(`\\b(?:create|alter)\\s+server\\s+(?:if\\s+not\\s+exists\\s+)?${name}`, "i").exec(sql);
    if (server !== null) {
        return `server ${server[1] ?? ""}`;
    }
    const mapping = new RegExp(
        `\\buser\\s+mapping\\s+(?:if\\s+not\\s+exists\\s+)?for\\s+${name}\\s+server\\s+${name}`,
        "i",
    ).exec(sql);
    if (mapping !== null) {
        return `the mapping for ${mapping[1] ?? ""} on server ${mapping[2] ?? ""}`;
    }
    const role = new RegExp(`\\b(?:create|alter)\\s+(?:role|user)\\s+${name}`, "i").exec(sql);
    return role === null ? "a connection" : `role ${role[1] ?? ""}`;
}
