/** Goes through a statement of any kind: queries in it, and what it names of tables, as far as that tells of columns. */

import type {
    AlterTableCmd,
    AlterTableStmt,
    CopyStmt,
    CreateTableAsStmt,
    CreateTrigStmt,
    IndexStmt,
    Node,
    PrepareStmt,
    RangeVar,
    RenameStmt,
    RuleStmt,
    ViewStmt,
} from "libpg-query";
import { items, objectName, qualified, rangeName, strings, walk } from "../parse/ast";
import type { Relation } from "./analysis";
import { readBlock, readCreated, readRoutine } from "./bodies";
import { fieldOf } from "./columns";
import type { Reader } from "./reader";
import { child, itemOf, type Scope, type Variable } from "./scope";
import { EMPTY, isOpen, NONE, type Output, renamed, type Term, typed } from "./terms";
import { STRENGTH } from "./unknowns";

/** @param scope variables of the routine in which the statement stands. */
export function readStatement(reader: Reader, node: Node, scope?: Scope): Output {
    if ("SelectStmt" in node && node.SelectStmt.intoClause !== undefined && scope === undefined) {
        const { intoClause, ...query } = node.SelectStmt;
        createTableAs(reader, { query: { SelectStmt: query }, into: intoClause }, scope);
        return EMPTY;
    }
    if (QUERIES.some((kind) => kind in node)) {
        return reader.analyzer.statement(node, scope);
    }
    const inner = innerQuery(node);
    if (inner !== undefined) {
        return readStatement(reader, inner, scope);
    }
    if ("ViewStmt" in node) {
        createView(reader, node.ViewStmt, scope);
    } else if ("CreateTableAsStmt" in node) {
        createTableAs(reader, node.CreateTableAsStmt, scope);
    } else if ("PrepareStmt" in node) {
        prepare(reader, node.PrepareStmt);
    } else if ("CopyStmt" in node) {
        copy(reader, node.CopyStmt, scope);
    } else if ("CallStmt" in node) {
        const call = node.CallStmt.funccall;
        reader.analyzer.expression(call === undefined ? undefined : { FuncCall: call }, scope ?? child(undefined));
    } else if ("CreateFunctionStmt" in node) {
        readCreated(reader, node.CreateFunctionStmt, readStatement);
    } else if ("DoStmt" in node) {
        readBlock(reader, node.DoStmt, readStatement);
    } else if ("IndexStmt" in node) {
        index(reader, node.IndexStmt);
    } else if ("AlterTableStmt" in node) {
        alterTable(reader, node.AlterTableStmt);
    } else if ("RenameStmt" in node) {
        rename(reader, node.RenameStmt);
    } else if ("CreateTrigStmt" in node) {
        createTrigger(reader, node.CreateTrigStmt);
    } else if ("RuleStmt" in node) {
        createRule(reader, node.RuleStmt);
    } else if ("CreatePolicyStmt" in node || "AlterPolicyStmt" in node) {
        const policy = "CreatePolicyStmt" in node ? node.CreatePolicyStmt : node.AlterPolicyStmt;
        const over = rowScope(named(reader, policy.table));
        reader.analyzer.condition(policy.qual, over);
        reader.analyzer.condition(policy.with_check, over);
    } else {
        mention(reader, node);
    }
    return EMPTY;
}

const QUERIES = ["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];

function innerQuery(node: Node): Node | undefined {
    if ("ExplainStmt" in node) {
        return node.ExplainStmt.query;
    }
    return "DeclareCursorStmt" in node ? node.DeclareCursorStmt.query : undefined;
}

function named(reader: Reader, range: RangeVar | undefined): Relation | undefined {
    return range === undefined ? undefined : reader.relation(rangeName(range), reader.place(range.location));
}

/** A column that must be there. */
function column(reader: Reader, relation: Relation | undefined, name: string): Term {
    return relation === undefined
        ? NONE
        : fieldOf(reader.analyzer, itemOf(relation.name, relation.output), name, reader.place());
}

/** The scope of an expression over one relation. */
function rowScope(relation: Relation | undefined): Scope {
    const scope = child(undefined);
    if (relation !== undefined) {
        scope.items.push(itemOf(relation.name, relation.output));
    }
    return scope;
}

// Relations that a query fills

function createView(reader: Reader, statement: ViewStmt, scope: Scope | undefined): void {
    const output = statement.query === undefined ? EMPTY : reader.analyzer.statement(statement.query, scope);
    made(reader, statement.view, renamed(output, strings(statement.aliases)));
}

function createTableAs(reader: Reader, statement: CreateTableAsStmt, scope: Scope | undefined): void {
    const output = statement.query === undefined ? EMPTY : reader.analyzer.statement(statement.query, scope);
    const name = rangeName(statement.into?.rel);
    const there = reader.catalog
        .relations(name.name)
        .some(({ schema }) => schema === creation(reader, statement.into?.rel));
    if (statement.if_not_exists !== true || !there) {
        made(reader, statement.into?.rel, renamed(output, strings(statement.into?.colNames)));
    }
}

/** The schema that a CREATE goes to. */
function creation(reader: Reader, range: RangeVar | undefined): string {
    const { schema } = rangeName(range);
    return range?.relpersistence === "t"
        ? "pg_temp"
        : (schema ?? reader.path.find((each) => each !== "pg_catalog" && !each.startsWith("pg_temp")) ?? "public");
}

function made(reader: Reader, range: RangeVar | undefined, output: Output): void {
    if (output.open.length > 0 || output.columns.some(({ term }) => isOpen(term))) {
        reader.knowledge.overlays.expect(creation(reader, range), rangeName(range).name, output);
    }
}

// Statements that hold queries or expressions

function prepare(reader: Reader, { argtypes, query }: PrepareStmt): void {
    const variables = new Map(
        (argtypes ?? []).map((node, position): [string, Variable] => [
            `$${position + 1}`,
            { kind: "scalar", term: "TypeName" in node ? typed(reader.type(node.TypeName)) : NONE },
        ]),
    );
    if (query !== undefined) {
        reader.analyzer.statement(query, { ...child(undefined), variables });
    }
}

function copy(reader: Reader, statement: CopyStmt, scope: Scope | undefined): void {
    if (statement.query !== undefined) {
        reader.analyzer.statement(statement.query, scope);
        return;
    }
    const relation = named(reader, statement.relation);
    for (const name of strings(statement.attlist)) {
        column(reader, relation, name);
    }
    reader.analyzer.condition(statement.whereClause, rowScope(relation));
}

function index(reader: Reader, statement: IndexStmt): void {
    const relation = named(reader, statement.relation);
    const over = rowScope(relation);
    for (const each of [...(statement.indexParams ?? []), ...(statement.indexIncludingParams ?? [])]) {
        if ("IndexElem" in each) {
            if (each.IndexElem.name !== undefined) {
                column(reader, relation, each.IndexElem.name);
            }
            reader.analyzer.expression(each.IndexElem.expr, over);
        }
    }
    reader.analyzer.condition(statement.whereClause, over);
}

/** NEW and OLD of a trigger or a rule. */
export function changedRows(relation: Relation): ReadonlyMap<string, Variable> {
    return new Map(
        ["new", "old"].map((name): [string, Variable] => [
            name,
            { kind: "record", item: itemOf(name, relation.output) },
        ]),
    );
}

function createTrigger(reader: Reader, statement: CreateTrigStmt): void {
    const relation = named(reader, statement.relation);
    if (relation === undefined) {
        return;
    }
    for (const name of strings(statement.columns)) {
        column(reader, relation, name);
    }
    const variables = changedRows(relation);
    reader.analyzer.condition(statement.whenClause, { ...child(undefined), variables });
    for (const routine of reader.routines(qualified(strings(statement.funcname)))) {
        const at = reader.knowledge.sources.find(routine.source?.body ?? "", reader.place());
        readRoutine(reader, routine, variables, at, readStatement);
    }
}

function createRule(reader: Reader, statement: RuleStmt): void {
    const relation = named(reader, statement.relation);
    if (relation === undefined) {
        return;
    }
    const over: Scope = { ...child(undefined), variables: changedRows(relation) };
    reader.analyzer.condition(statement.whereClause, over);
    for (const action of statement.actions ?? []) {
        readStatement(reader, action, over);
    }
}

// Statements that change a table

function alterTable(reader: Reader, statement: AlterTableStmt): void {
    if (statement.missing_ok === true && reader.catalog.relations(statement.relation?.relname ?? "").length === 0) {
        return;
    }
    const relation = named(reader, statement.relation);
    for (const node of statement.cmds ?? []) {
        if ("AlterTableCmd" in node && relation !== undefined) {
            alterCommand(reader, relation, node.AlterTableCmd);
        }
    }
}

/** Commands of ALTER TABLE whose name is that of a column which must be there. */
const OF_COLUMN: ReadonlySet<string> = new Set([
    "AT_ColumnDefault",
    "AT_DropNotNull",
    "AT_SetNotNull",
    "AT_SetExpression",
    "AT_DropExpression",
    "AT_SetStatistics",
    "AT_SetOptions",
    "AT_ResetOptions",
    "AT_SetStorage",
    "AT_SetCompression",
    "AT_DropColumn",
    "AT_AlterColumnType",
    "AT_AlterColumnGenericOptions",
    "AT_AddIdentity",
    "AT_SetIdentity",
    "AT_DropIdentity",
]);

function alterCommand(reader: Reader, relation: Relation, command: AlterTableCmd): void {
    const kind = command.subtype ?? "";
    const definition = command.def;
    if (kind === "AT_AddColumn" && definition !== undefined && "ColumnDef" in definition) {
        const { colname = "", typeName } = definition.ColumnDef;
        if (relation.remote === undefined && relation.output.open.length > 0) {
            // It isn't one of those that the star stands for.
            relation.output.columns.push({ name: colname, term: typed(reader.type(typeName)) });
        }
    } else if (kind === "AT_AddConstraint" && definition !== undefined && "Constraint" in definition) {
        reader.analyzer.condition(definition.Constraint.raw_expr, rowScope(relation));
        for (const name of [...strings(definition.Constraint.keys), ...strings(definition.Constraint.fk_attrs)]) {
            column(reader, relation, name);
        }
    } else if (kind === "AT_AttachPartition" && definition !== undefined && "PartitionCmd" in definition) {
        inherit(reader, named(reader, definition.PartitionCmd.name), relation);
    } else if (kind === "AT_AddInherit" && definition !== undefined && "RangeVar" in definition) {
        inherit(reader, relation, named(reader, definition.RangeVar));
    } else if (OF_COLUMN.has(kind) && command.name !== undefined && command.missing_ok !== true) {
        const term = column(reader, relation, command.name);
        if (kind === "AT_AlterColumnType" && definition !== undefined && "ColumnDef" in definition) {
            const type = reader.type(definition.ColumnDef.typeName);
            reader.unknowns.hint(term, type, STRENGTH.assignment, "ALTER COLUMN … TYPE");
        }
    }
}

/** A child has all columns of its parent. */
function inherit(reader: Reader, heir: Relation | undefined, parent: Relation | undefined): void {
    if (heir?.remote !== undefined && parent !== undefined) {
        reader.analyzer.has(heir.remote, parent.output.columns, "column of its parent");
    }
}

function rename(reader: Reader, statement: RenameStmt): void {
    if (statement.missing_ok === true || statement.relation === undefined) {
        return;
    }
    const relation = named(reader, statement.relation);
    if (statement.renameType === "OBJECT_COLUMN" || statement.renameType === "OBJECT_ATTRIBUTE") {
        const from = statement.subname ?? "";
        const term = column(reader, relation, from);
        if (relation !== undefined && relation.remote === undefined && relation.output.open.length > 0) {
            const { columns } = relation.output;
            const at = columns.findIndex(({ name }) => name === from);
            columns.splice(at < 0 ? columns.length : at, 1);
            columns.push({ name: statement.newname ?? "", term });
        }
    }
}

/** Statements that only name relations and columns. */
function mention(reader: Reader, node: Node): void {
    if ("CommentStmt" in node) {
        const names = strings(items(node.CommentStmt.object));
        if (node.CommentStmt.objtype === "OBJECT_COLUMN") {
            column(reader, reader.relation(qualified(names.slice(0, -1)), reader.place()), names.at(-1) ?? "");
        } else if (/TABLE|VIEW/.test(node.CommentStmt.objtype ?? "")) {
            reader.relation(objectName(node.CommentStmt.object), reader.place());
        }
    } else if ("GrantStmt" in node) {
        const columns = (node.GrantStmt.privileges ?? []).flatMap((each) =>
            "AccessPriv" in each ? strings(each.AccessPriv.cols) : [],
        );
        for (const each of node.GrantStmt.objects ?? []) {
            const relation = "RangeVar" in each ? named(reader, each.RangeVar) : undefined;
            for (const name of columns) {
                column(reader, relation, name);
            }
        }
    } else if ("CreateStmt" in node || "CreateForeignTableStmt" in node) {
        const create = "CreateStmt" in node ? node.CreateStmt : node.CreateForeignTableStmt.base;
        for (const each of [...(create?.inhRelations ?? []), ...(create?.tableElts ?? [])]) {
            const range =
                "RangeVar" in each
                    ? each.RangeVar
                    : "TableLikeClause" in each
                      ? each.TableLikeClause.relation
                      : undefined;
            for (const id of named(reader, range)?.output.open ?? []) {
                reader.unknowns.star(id, reader.place());
            }
        }
    } else if ("DropStmt" in node) {
        const drop = node.DropStmt;
        if (drop.removeType === "OBJECT_FOREIGN_TABLE" && drop.missing_ok !== true) {
            for (const each of drop.objects ?? []) {
                reader.relation(objectName(each), reader.place());
            }
        }
    } else if (MENTIONS.some((kind) => kind in node)) {
        walk(node, (value, key) => {
            if (key === "RangeVar" || key === "relation") {
                const range: RangeVar = value;
                named(reader, range);
            }
        });
    }
}

const MENTIONS = [
    "TruncateStmt",
    "LockStmt",
    "VacuumStmt",
    "AlterObjectSchemaStmt",
    "AlterOwnerStmt",
    "CreateStatsStmt",
    "SecLabelStmt",
];
