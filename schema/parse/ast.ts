/** Small readers of PostgreSQL's parse tree. */

import type { DefElem, Node, RangeVar } from "libpg-query";

/** The texts of String nodes; other nodes are passed over. */
export function strings(nodes: readonly Node[] | undefined): string[] {
    return (nodes ?? []).flatMap((node) => ("String" in node ? [node.String.sval ?? ""] : []));
}

/** The items of a List node, or the node itself. */
export function items(node: Node | undefined): readonly Node[] {
    if (node === undefined) {
        return [];
    }
    return "List" in node ? (node.List.items ?? []) : [node];
}

/** A qualified name as String nodes: schema (if any) and name. */
export interface QualifiedName {
    readonly schema?: string;
    readonly name: string;
}

export function qualified(parts: readonly string[]): QualifiedName {
    const name = parts[parts.length - 1] ?? "";
    const schema = parts[parts.length - 2];
    return schema === undefined ? { name } : { schema, name };
}

/** The name of a relation that COMMENT or DROP gives: a list of its parts. */
export function objectName(node: Node | undefined): QualifiedName {
    return qualified(strings(items(node)));
}

export function rangeName(range: RangeVar | undefined): QualifiedName {
    const name = range?.relname ?? "";
    return range?.schemaname === undefined || range.schemaname === "" ? { name } : { schema: range.schemaname, name };
}

export function defElems(nodes: readonly Node[] | undefined): DefElem[] {
    return (nodes ?? []).flatMap((node) => ("DefElem" in node ? [node.DefElem] : []));
}

/** The text of a DefElem's argument, where it is one. */
export function defText(node: Node | undefined): string | undefined {
    return node !== undefined && "String" in node ? (node.String.sval ?? "") : constText(node);
}

/** The text of a constant; undefined for NULL and for everything that is no constant. */
export function constText(node: Node | undefined): string | undefined {
    if (node === undefined || !("A_Const" in node)) {
        return undefined;
    }
    const value = node.A_Const;
    if (value.sval !== undefined) {
        return value.sval.sval ?? "";
    }
    if (value.ival !== undefined) {
        return String(value.ival.ival ?? 0);
    }
    if (value.fval !== undefined) {
        return value.fval.fval ?? "";
    }
    if (value.boolval !== undefined) {
        return String(value.boolval.boolval ?? false);
    }
    return undefined;
}

/** Calls `visit` for every object in a tree, outer ones first; a tree has no cycles. */
export function walk(tree: unknown, visit: (value: object, key: string) => void, key = ""): void {
    if (Array.isArray(tree)) {
        for (const item of tree) {
            walk(item, visit, key);
        }
    } else if (typeof tree === "object" && tree !== null) {
        visit(tree, key);
        for (const [name, value] of Object.entries(tree)) {
            if (typeof value === "object") {
                walk(value, visit, name);
            }
        }
    }
}

/** `{ FuncCall: { … } }`: parts of a tree that can be of several kinds. */
export function isNode(value: unknown): value is Node {
    return (
        typeof value === "object" &&
        value !== null &&
        Object.keys(value).length === 1 &&
        /^[A-Z]/.test(Object.keys(value)[0] ?? "")
    );
}

/** Makes another node of one, in place. */
export function replaceNode(node: Node, by: Node): void {
    for (const kind of Object.keys(node)) {
        Reflect.deleteProperty(node, kind);
    }
    Object.assign(node, by);
}
