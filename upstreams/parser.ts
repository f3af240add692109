/**
 * The only door to PostgreSQL's parser (libpg-query, compiled to WebAssembly). A tree too deep for its stack leaves the
 * module unusable for the whole process, so text is measured before it is handed over.
 */

import {
    hasSqlDetails,
    loadModule,
    type Node,
    type ParseResult,
    parsePlPgSQLSync,
    parseSync,
    type RawStmt,
} from "libpg-query";
import { type Depth, MAX_DEPTH, measure } from "./depth";

export const loadParser: () => Promise<void> = loadModule;

/** Longest statement that is parsed for a derivation, in characters. */
export const MAX_STATEMENT = 16_000_000;

export interface Refusal {
    readonly error: string;
    /** Offset in the text where the parser stopped, -1 when it doesn't say. */
    readonly at: number;
    /** Too long or too deep to be parsed here; PostgreSQL itself may take it. */
    readonly limit: boolean;
}

export type Parsed = { readonly nodes: readonly Node[] } | Refusal;

/** Statements with their places in the text, counted in UTF-8 bytes. */
export type ParsedScript = { readonly statements: readonly RawStmt[] } | Refusal;

function refuse(text: string, { depth, at }: Depth): Refusal | undefined {
    if (text.includes("\0")) {
        return { error: "it holds a NUL character", at: text.indexOf("\0"), limit: false };
    }
    if (depth > MAX_DEPTH) {
        const error = `its expressions are nested or chained more than ${MAX_DEPTH} deep: split them`;
        return { error, at, limit: true };
    }
    return undefined;
}

/** Parses any number of statements. `depth` is what was measured while the text was read. */
export function parseScript(text: string, depth: Depth = measure(text)): ParsedScript {
    const refused = refuse(text, depth);
    if (refused !== undefined) {
        return refused;
    }
    let result: ParseResult;
    try {
        result = parseSync(text);
    } catch (error) {
        if (hasSqlDetails(error)) {
            const at = unitOffset(text, error.sqlDetails?.cursorPosition ?? -1);
            return { error: error.message, at, limit: false };
        }
        return { error: error instanceof Error ? error.message : String(error), at: -1, limit: false };
    }
    return { statements: result.stmts ?? [] };
}

/** Parses one or more statements. `depth` is what the lexer measured; without it the text is measured here. */
export function parseSql(text: string, depth?: number): Parsed {
    if (text.length > MAX_STATEMENT) {
        return { error: `it is longer than ${MAX_STATEMENT} characters`, at: -1, limit: true };
    }
    const parsed = depth === undefined ? parseScript(text) : parseScript(text, { depth, at: -1 });
    return "error" in parsed
        ? parsed
        : { nodes: parsed.statements.flatMap(({ stmt }) => (stmt === undefined ? [] : [stmt])) };
}

/** Parses an expression, as it stands in PL/pgSQL. */
export function parseExpression(text: string): Node | undefined {
    const parsed = parseSql(`SELECT ${text}`);
    const node = "nodes" in parsed ? parsed.nodes[0] : undefined;
    if (node === undefined || !("SelectStmt" in node)) {
        return undefined;
    }
    return node;
}

/**
 * PL/pgSQL's own tree of a DO block or a CREATE FUNCTION statement, as the module prints it; undefined where it
 * cannot be parsed.
 */
export function parseRoutine(statement: string, body: string): unknown {
    // The body's own statements are measured: inside the statement they are one dollar-quoted token.
    if (statement.length > MAX_STATEMENT || refuse(statement, measure(body)) !== undefined) {
        return undefined;
    }
    try {
        return parsePlPgSQLSync(statement);
    } catch {
        return undefined;
    }
}

/** The position of an error is counted in characters, of which some take two places in a string. */
function unitOffset(text: string, characters: number): number {
    let at = 0;
    for (let count = 0; count < characters && at < text.length; count += 1) {
        at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    }
    return characters < 0 ? characters : at;
}

/** Locations in a tree are counted in UTF-8 bytes; text counts UTF-16 units. */
function charOffset(text: string, byte: number): number {
    if (byte <= 0) {
        return byte;
    }
    let bytes = 0;
    let at = 0;
    while (at < text.length && bytes < byte) {
        const code = text.codePointAt(at) ?? 0;
        bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        at += code > 0xffff ? 2 : 1;
    }
    return at;
}

/** Lines, from 0, between the start of a text and the parser's location in it. */
export function linesBefore(text: string, location: number | undefined): number {
    if (location === undefined || location <= 0) {
        return 0;
    }
    const end = charOffset(text, location);
    let lines = 0;
    for (let at = text.indexOf("\n"); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) {
        lines += 1;
    }
    return lines;
}
