/**
 * Asks PostgreSQL what becomes of values of one side's type when the other side's reads them: by the same functions by which
 * `postgres_fdw` does it, an output function there and an input function with the column's modifier here.
 */

import * as z from "zod";
import { quoteLiteral } from "../upstreams/quote";
import type { Ask, TypeInfo } from "./catalog";
import { SESSION } from "./queries";

/** In which moments without a zone are another instant than in GMT, where the upstream prints them. */
const ZONE = "<+09>-09";

const FUNCTIONS = [
    // Reads texts as a type, with a modifier, in a time zone, and gives what the value is printed as, in GMT.
    `CREATE FUNCTION pg_temp.fdw_stub_read(type oid, mod int, texts jsonb, zone text) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
    own pg_type;
    base pg_type;
    input pg_proc;
    base_mod int := mod;
    read text;
    guard text;
    one text;
    printed text;
    result jsonb := '[]';
BEGIN
    SELECT * INTO own FROM pg_type t WHERE t.oid = type;
    base := own;
    WHILE base.typtype = 'd' LOOP
        base_mod := base.typtypmod;
        SELECT * INTO base FROM pg_type t WHERE t.oid = base.typbasetype;
    END LOOP;
    SELECT * INTO input FROM pg_proc p WHERE p.oid = base.typinput;
    read := format('SELECT pg_catalog.format(''%%s'', %s.%I(textout($1)%s))', input.pronamespace::regnamespace, input.proname,
        CASE input.pronargs WHEN 1 THEN '' WHEN 2 THEN ', $2' ELSE ', $2, $3' END);
    IF own.typtype = 'd' THEN
        guard := 'SELECT count(domain_in(textout($1), $2, -1))';
    END IF;
    FOR one IN SELECT jsonb_array_elements_text(texts) LOOP
        BEGIN
            PERFORM set_config('TimeZone', zone, false);
            EXECUTE read INTO printed USING one, CASE WHEN base.typelem <> 0 THEN base.typelem ELSE base.oid END, base_mod;
            IF guard IS NOT NULL THEN
                EXECUTE guard USING one, own.oid;
            END IF;
            IF zone <> 'GMT' THEN
                PERFORM set_config('TimeZone', 'GMT', false);
                EXECUTE read INTO printed USING printed, CASE WHEN base.typelem <> 0 THEN base.typelem ELSE base.oid END, base_mod;
            END IF;
            result := result || jsonb_build_array(jsonb_build_object('text', printed));
        EXCEPTION WHEN OTHERS THEN
            result := result || jsonb_build_array(jsonb_build_object('error', SQLERRM, 'code', SQLSTATE));
        END;
    END LOOP;
    PERFORM set_config('TimeZone', 'GMT', false);
    RETURN result;
END $f$`,
    // Casts texts of one type to another; null where that cannot be done.
    `CREATE FUNCTION pg_temp.fdw_stub_cast(texts jsonb, origin text, target text) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
    one text;
    printed text;
    result jsonb := '[]';
BEGIN
    FOR one IN SELECT jsonb_array_elements_text(texts) LOOP
        BEGIN
            EXECUTE format('SELECT format(''%%s'', ($1::%s)::%s)', origin, target) INTO printed USING one;
        EXCEPTION WHEN OTHERS THEN
            printed := NULL;
        END;
        result := result || jsonb_build_array(printed);
    END LOOP;
    RETURN result;
END $f$`,
    // How texts are ordered as values of a type, and which of them are equal; null where the type has no order.
    `CREATE FUNCTION pg_temp.fdw_stub_ranks(texts jsonb, type text) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
    result jsonb;
BEGIN
    EXECUTE format('SELECT jsonb_agg(r ORDER BY i) FROM (SELECT i, dense_rank() OVER (ORDER BY x::%s) AS r
        FROM jsonb_array_elements_text($1) WITH ORDINALITY AS u (x, i)) AS ranked', type) INTO result USING texts;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $f$`,
    // Which texts are equal, as values of a type, to others at the same place; null where that cannot be told.
    `CREATE FUNCTION pg_temp.fdw_stub_same(texts jsonb, others jsonb, type text) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
    result jsonb;
BEGIN
    EXECUTE format('SELECT coalesce(jsonb_agg(coalesce(x::%1$s = ($2 ->> (i - 1)::int)::%1$s, false) ORDER BY i), ''[]'')
        FROM jsonb_array_elements_text($1) WITH ORDINALITY AS u (x, i)', type) INTO result USING texts, others;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $f$`,
    // Whether the same texts are equal as values of two types; the error where the types cannot be compared.
    `CREATE FUNCTION pg_temp.fdw_stub_equal(texts jsonb, a text, b text) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
    equal boolean;
BEGIN
    EXECUTE format('SELECT coalesce(bool_and(x::%s = x::%s), true) FROM jsonb_array_elements_text($1) AS x', a, b)
        INTO equal USING texts;
    RETURN jsonb_build_object('equal', equal);
EXCEPTION WHEN OTHERS THEN
    RETURN jsonb_build_object('error', SQLERRM, 'code', SQLSTATE);
END $f$`,
];

const taken = z.object({ text: z.string().nullish(), error: z.string().nullish(), code: z.string().nullish() });
/** A value as it was read, or why it was refused. */
export type Taken = z.output<typeof taken>;
const compared = z.object({ equal: z.boolean().nullish(), error: z.string().nullish(), code: z.string().nullish() });

/** A column's type on one side. */
export interface Typed {
    readonly type: TypeInfo;
    readonly mod: number;
    /** With its modifier, for people. */
    readonly name: string;
}

/** Values of one type that the other is to read. */
export interface Trial {
    readonly from: Typed;
    readonly to: Typed;
    readonly literals: readonly string[];
    /** Whether `postgres_fdw` sends conditions on a column of the type `to` to the side of `from`. */
    readonly sent: boolean;
}

/** What PostgreSQL did. */
export interface Outcome {
    /** Values as \`from\` prints them. */
    readonly samples: readonly string[];
    /** What \`to\` makes of each. */
    readonly taken: readonly Taken[];
    /** Whether what \`to\` has of a sample still tells the sample. */
    readonly kept: readonly boolean[];
    /** Whether it is something else, or tells something else, in a session with another time zone. */
    readonly moved: readonly boolean[];
    /** How conditions that are sent are judged there and here. */
    readonly conditions: { readonly error?: string; readonly same: boolean };
}

class Side {
    constructor(private readonly ask: Ask) {}

    async prepare(): Promise<void> {
        for (const sql of SESSION) {
            await this.ask(sql);
        }
        const [row] = await this.ask("SELECT to_regproc('pg_temp.fdw_stub_read') IS NULL");
        if (row?.[0] === "t" || row?.[0] === "true") {
            for (const sql of FUNCTIONS) {
                await this.ask(sql);
            }
        }
    }

    /** Calls functions in one round trip. */
    private async call<T>(calls: readonly string[], shape: z.ZodType<T>): Promise<T[]> {
        if (calls.length === 0) {
            return [];
        }
        const rows = await this.ask(
            `SELECT v::text FROM (VALUES ${calls.map((call, at) => `(${at}, ${call})`).join(", ")}) AS c (i, v) ORDER BY i`,
        );
        return rows.map(([text]) => shape.parse(JSON.parse(text ?? "null")));
    }

    read(all: ReadonlyArray<{ what: Typed; texts: readonly string[]; zone?: string }>): Promise<Taken[][]> {
        return this.call(
            all.map(
                ({ what, texts, zone = "GMT" }) =>
                    `pg_temp.fdw_stub_read(${what.type.oid}, ${what.mod}, ${jsonb(texts)}, ${quoteLiteral(zone)})`,
            ),
            z.array(taken),
        );
    }

    cast(all: ReadonlyArray<{ texts: readonly string[]; from: string; to: string }>) {
        return this.call(
            all.map(
                ({ texts, from, to }) =>
                    `pg_temp.fdw_stub_cast(${jsonb(texts)}, ${quoteLiteral(from)}, ${quoteLiteral(to)})`,
            ),
            z.array(z.string().nullable()),
        );
    }

    ranks(all: ReadonlyArray<{ texts: readonly string[]; type: string }>) {
        return this.call(
            all.map(({ texts, type }) => `pg_temp.fdw_stub_ranks(${jsonb(texts)}, ${quoteLiteral(type)})`),
            z.array(z.number()).nullable(),
        );
    }

    same(all: ReadonlyArray<{ texts: readonly string[]; others: ReadonlyArray<string | null>; type: string }>) {
        return this.call(
            all.map(
                ({ texts, others, type }) =>
                    `pg_temp.fdw_stub_same(${jsonb(texts)}, ${jsonb(others)}, ${quoteLiteral(type)})`,
            ),
            z.array(z.boolean()).nullable(),
        );
    }

    equal(all: ReadonlyArray<{ texts: readonly string[]; a: string; b: string }>) {
        return this.call(
            all.map(
                ({ texts, a, b }) => `pg_temp.fdw_stub_equal(${jsonb(texts)}, ${quoteLiteral(a)}, ${quoteLiteral(b)})`,
            ),
            compared,
        );
    }
}

const jsonb = (texts: ReadonlyArray<string | null>) => `${quoteLiteral(JSON.stringify(texts))}::jsonb`;

/**
 * The type's name without a modifier, which a constant in a condition does not have. As a person writes them, these two
 * would have one of 1.
 */
const bare = ({ type: { name } }: Typed) =>
    name.replace(/^character(?=\[|$)/, "pg_catalog.bpchar").replace(/^bit(?=\[|$)/, 'pg_catalog."bit"');

/** Both sides' sessions, made ready to be asked. */
export async function prepareSession(ask: Ask): Promise<void> {
    await new Side(ask).prepare();
}

/**
 * Tries pairs of types.
 *
 * @param from the side whose types give the values; `prepareSession` has run on both.
 */
export async function tryTypes(from: Ask, to: Ask, trials: readonly Trial[]): Promise<Outcome[]> {
    const [giver, taker] = [new Side(from), new Side(to)];
    const values = await giver.read(trials.map((trial) => ({ what: trial.from, texts: trial.literals })));
    const samples = values.map((each) => [...new Set(each.flatMap(({ text }) => text ?? []))]);
    const of = <T>(all: readonly T[][], at: number) => all[at] ?? [];
    const reading = trials.map((trial, at) => ({ what: trial.to, texts: of(samples, at) }));
    const takens = await taker.read(reading);
    const zoned = await taker.read(reading.map((each) => ({ ...each, zone: ZONE })));
    // What was refused is read back as itself: it counts as refused anyway.
    const texts = takens.map((each, at) => each.map(({ text }, n) => text ?? of(samples, at)[n] ?? ""));
    const backwards = trials.map((trial, at) => ({ what: trial.from, texts: of(texts, at) }));
    const back = await giver.read(backwards);
    const backInZone = await giver.read(backwards.map((each) => ({ ...each, zone: ZONE })));
    const casts = await taker.cast(
        trials.map((trial, at) => ({
            texts: trial.from.type.builtIn ? of(texts, at) : [],
            from: bare(trial.to),
            to: trial.from.type.builtIn ? trial.from.name : "text",
        })),
    );
    // What a value was before, by either way back; equal values count, because 1.0 and 1 are one number.
    const before = trials.map((_, at) =>
        of(samples, at).map((_sample, n) => of(back, at)[n]?.text ?? of(casts, at)[n] ?? null),
    );
    const castOnly = trials.map((_, at) => of(samples, at).map((_sample, n) => of(casts, at)[n] ?? null));
    const alike = await giver.same(
        [before, castOnly].flatMap((others) =>
            trials.map((trial, at) => ({ texts: of(samples, at), others: of(others, at), type: bare(trial.from) })),
        ),
    );
    // What both take for a value: constants in conditions are compared with such.
    const accepted = await taker.read(trials.map((trial) => ({ what: trial.to, texts: trial.literals })));
    const shared = trials.map((trial, at) =>
        trial.sent ? trial.literals.filter((_, n) => isText(of(values, at)[n]) && isText(of(accepted, at)[n])) : [],
    );
    const ranksFrom = await giver.ranks(trials.map((trial, at) => ({ texts: of(shared, at), type: bare(trial.from) })));
    const ranksTo = await taker.ranks(trials.map((trial, at) => ({ texts: of(shared, at), type: bare(trial.to) })));
    const equal = await giver.equal(
        trials.map((trial, at) => ({
            texts: of(samples, at).filter((_, n) => isText(of(takens, at)[n])),
            a: trial.sent ? bare(trial.from) : "text",
            b: trial.sent ? bare(trial.to) : "text",
        })),
    );
    return trials.map((trial, at): Outcome => {
        const mine = of(samples, at);
        const printed = of(takens, at);
        const cast = of(casts, at);
        // Where neither way leads back, different values that stay different have lost nothing.
        const injective = new Set(printed.map(({ text }) => text)).size === mine.length;
        const judged = equal[at];
        const [there, here] = [ranksFrom[at] ?? null, ranksTo[at] ?? null];
        // A type without an order here is not compared either.
        const compares = trial.sent && here !== null;
        const [read, inZone] = [of(back, at), of(backInZone, at)];
        return {
            samples: mine,
            taken: printed,
            kept: mine.map(
                (sample, n) =>
                    printed[n]?.text === sample ||
                    read[n]?.text === sample ||
                    cast[n] === sample ||
                    alike[at]?.[n] === true ||
                    alike[trials.length + at]?.[n] === true ||
                    (!isText(read[n]) && typeof cast[n] !== "string" && injective),
            ),
            moved: mine.map((_, n) => printed[n]?.text !== of(zoned, at)[n]?.text || read[n]?.text !== inZone[n]?.text),
            conditions: {
                // Class 42: no such operator, or no such type.
                ...(compares && judged?.code?.startsWith("42") === true ? { error: judged.error ?? "" } : {}),
                same:
                    !compares ||
                    (judged?.equal !== false && (there === null || JSON.stringify(there) === JSON.stringify(here))),
            },
        };
    });
}

function isText(one: Taken | undefined): boolean {
    return typeof one?.text === "string";
}
