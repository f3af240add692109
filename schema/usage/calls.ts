/** What a function call tells of its arguments, and the type of its result. */

import type { FuncCall } from "libpg-query";
import type { Term } from "../derive/catalog";
import { builtIn } from "../derive/types";
import { qualified, strings } from "../parse/ast";
import type { Analysis, DblinkCall } from "./analysis";
import { signatureOf } from "./functions";
import { asInterval } from "./intervals";
import { orderItem } from "./order";
import { EMPTY } from "./outputs";
import type { Scope } from "./scope";
import { BOOLEAN, elementOf, isType, known, NONE, TIMES } from "./terms";
import { unify } from "./unify";
import { STRENGTH } from "./unknowns";

/** Functions of dblink that connect, or that name the connection to use. */
const DBLINK = new Set([
    "dblink",
    "dblink_connect",
    "dblink_connect_u",
    "dblink_exec",
    "dblink_open",
    "dblink_send_query",
]);

/** `columns`: the column definition list of a call in FROM. */
export function callTerm(analysis: Analysis, call: FuncCall, scope: Scope, columns: DblinkCall["columns"] = []): Term {
    const name = qualified(strings(call.funcname));
    const terms = (call.args ?? []).map((arg) => analysis.expression(arg, scope));
    for (const node of call.agg_order ?? []) {
        orderItem(analysis, node, scope, EMPTY);
    }
    analysis.condition(call.agg_filter, scope);
    for (const node of [...(call.over?.partitionClause ?? []), ...(call.over?.orderClause ?? [])]) {
        orderItem(analysis, node, scope, EMPTY);
    }
    const routines = analysis.host.routines(name);
    if (routines.length === 0 && DBLINK.has(name.name)) {
        analysis.host.dblink({
            name: name.name,
            args: call.args ?? [],
            columns,
            place: analysis.host.place(call.location),
        });
    }
    const routine =
        routines.find((each) => each.parameters.filter(({ mode }) => mode === "in").length === terms.length) ??
        routines[0];
    if (routine !== undefined) {
        analysis.calls.add(`${routine.schema}\0${routine.name}`);
        const inputs = routine.parameters.filter(({ mode }) => mode === "in");
        terms.forEach((term, index) => {
            const type = inputs[index]?.type;
            if (type !== undefined) {
                analysis.unknowns.hint(term, type, STRENGTH.use, `argument of ${name.name}()`);
            }
        });
        return routine.result === undefined ? NONE : { kind: "type", type: routine.result };
    }
    if (name.name === "generate_series") {
        const step = terms[2];
        const stepped =
            terms.some((term) => isType(term, "interval")) ||
            // A step in quotes with a unit, like '1 day', is an interval.
            (step?.kind === "literal" && /[a-z]/i.test(step.text ?? ""));
        const dated = terms.find((term) => term.kind === "type" && TIMES.has(term.type.base));
        const type = dated?.kind === "type" ? dated.type : builtIn(stepped ? "timestamptz" : "integer");
        terms.slice(0, stepped || dated !== undefined ? 2 : 3).forEach((term) => {
            analysis.unknowns.hint(term, type, STRENGTH.use, "argument of generate_series()");
        });
        return stepped ? known("timestamptz") : { kind: "type", type };
    }
    const special = specialCall(analysis, name.name, call, terms, scope);
    if (special !== undefined) {
        return special;
    }
    const signature = signatureOf(name.name);
    if (signature === undefined) {
        return NONE;
    }
    const reason = `argument of ${name.name}()`;
    if (signature.args[0] === "=") {
        // lag(x, 1, default): the offset is no value.
        const values = name.name === "lag" || name.name === "lead" ? terms.filter((_, index) => index !== 1) : terms;
        return unify(analysis, values, reason);
    }
    const rest = signature.args.at(-1) === "*" ? "*" : undefined;
    terms.forEach((term, index) => {
        const arg = signature.args[index] ?? rest ?? "?";
        if (arg === "#") {
            analysis.unknowns.hint(term, builtIn("numeric"), STRENGTH.family, reason);
        } else if (arg === "anyarray") {
            analysis.unknowns.hint(term, builtIn("text[]"), STRENGTH.literal, reason);
        } else if (arg === "geometry") {
            analysis.unknowns.hint(
                term,
                { sql: "geometry", base: "geometry", array: false, extension: "postgis" },
                STRENGTH.use,
                reason,
            );
        } else if (arg === "ltree" || arg === "hstore") {
            analysis.unknowns.hint(term, { sql: arg, base: arg, array: false, extension: arg }, STRENGTH.use, reason);
        } else if (arg === "1") {
            analysis.unknowns.meet(terms[0] ?? NONE, term, STRENGTH.use, reason);
        } else if (arg === "numeric" && name.name === "round" && terms.length === 1) {
            analysis.unknowns.hint(term, builtIn("numeric"), STRENGTH.family, reason);
        } else if (arg !== "*" && arg !== "?") {
            analysis.unknowns.hint(term, builtIn(arg), STRENGTH.use, reason);
        }
    });
    if (signature.result === "1" || signature.result === "2") {
        const same = terms[Number(signature.result) - 1] ?? NONE;
        return same.kind === "var" && signature.result === "2" ? known("timestamptz") : same;
    }
    if (signature.result === "=" || signature.result === "?") {
        const first = terms[0];
        return name.name === "unnest" && first?.kind === "type" && first.type.array
            ? { kind: "type", type: elementOf(first.type) }
            : NONE;
    }
    return known(signature.result);
}

/** Functions whose arguments are told by more than their position; undefined where the signature says it. */
function specialCall(
    analysis: Analysis,
    name: string,
    call: FuncCall,
    terms: readonly Term[],
    scope: Scope,
): Term | undefined {
    const reason = `argument of ${name}()`;
    const [first, second] = call.args ?? [];
    if ((name === "extract" || name === "date_part") && asInterval(analysis, second, scope)) {
        return known(name === "extract" ? "numeric" : "double precision");
    }
    if (name === "justify_hours" || name === "justify_interval" || name === "justify_days") {
        return asInterval(analysis, first, scope) ? known("interval") : undefined;
    }
    if (name === "to_timestamp" && terms.length === 1) {
        analysis.unknowns.hint(terms[0] ?? NONE, builtIn("double precision"), STRENGTH.use, reason);
        return known("timestamptz");
    }
    if (name === "overlaps") {
        unify(analysis, terms, "OVERLAPS");
        return BOOLEAN;
    }
    if (name === "percentile_cont") {
        for (const node of call.agg_order ?? []) {
            const ordered = "SortBy" in node ? analysis.expression(node.SortBy.node, scope) : NONE;
            analysis.unknowns.hint(ordered, builtIn("numeric"), STRENGTH.family, reason);
        }
    }
    return undefined;
}
