/** Hands each statement to its part of the interpreter, and notices what connects to a server. */

import type { Node } from "libpg-query";
import { defElems, defText, rangeName } from "../parse/ast";
import type { ReadStatement } from "../read/script";
import type { Source } from "../report";
import { alterTable, rename, setSchema } from "./alter";
import type { Catalog } from "./catalog";
import { Database, placeOf, Shared, type Site } from "./database";
import { drop } from "./drop";
import { runBlock, runCall } from "./dynamic";
import type { Execution } from "./execution";
import {
    alterMapping,
    alterServer,
    createMapping,
    createServer,
    createWrapper,
    dropMapping,
    importSchema,
} from "./foreign";
import { runMention } from "./mentions";
import { runQuery } from "./queries";
import { Roles } from "./roles";
import { createRoutine } from "./routines";
import { runSet } from "./settings";
import { createTable } from "./tables";
import { alterEnum, createComposite, createDomain, createEnum, createRange, defineType } from "./typedefs";
import { createTableAs, createView } from "./views";

const DATABASE_STATEMENTS = [
    "CreatedbStmt",
    "DropdbStmt",
    "AlterDatabaseStmt",
    "AlterDatabaseSetStmt",
    "AlterDatabaseRefreshCollStmt",
];
/** Routines that call each other end here. */
const MAX_NESTED = 10;
const QUERIES = ["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];

export class Interpreter implements Execution {
    readonly shared: Shared;
    readonly roles = new Roles();
    readonly sources: Array<Omit<Source, "database"> & { label?: string }> = [];
    readonly databases = new Map<string | undefined, Database>();
    readonly ran = new Set<string>();
    private readonly saved = new Map<Database, Catalog>();
    private depth = 0;

    constructor(devUser: string) {
        this.shared = new Shared(devUser);
    }

    database(label: string | undefined): Database {
        const known = this.databases.get(label);
        if (known !== undefined) {
            return known;
        }
        const created = new Database(this.shared, label);
        this.databases.set(label, created);
        return created;
    }

    session(): void {
        for (const db of this.databases.values()) {
            db.session();
        }
    }

    statement(read: ReadStatement): void {
        const db = this.database(read.database);
        if (this.runs(read, db)) {
            const label = read.database;
            this.sources.push({
                file: read.file,
                line: read.line,
                sql: read.sql,
                ...(label === undefined ? {} : { label }),
            });
        }
        if (read.rolledBack) {
            this.saved.set(db, structuredClone(db.catalog));
        }
        try {
            this.execute(db, read.node, read);
        } catch (error) {
            if (!(error instanceof RangeError)) {
                throw error;
            }
            this.shared.findings.add(
                "warning",
                "too-deep",
                "This statement is nested too deeply to be interpreted.",
                placeOf(read),
            );
        }
    }

    /** Statements about databases are not run: the dev database and the stubs are there already. */
    private runs(read: ReadStatement, db: Database): boolean {
        const { node } = read;
        const about =
            DATABASE_STATEMENTS.some((kind) => kind in node) ||
            ("GrantStmt" in node && node.GrantStmt.objtype === "OBJECT_DATABASE") ||
            ("CommentStmt" in node && node.CommentStmt.objtype === "OBJECT_DATABASE") ||
            ("AlterOwnerStmt" in node && node.AlterOwnerStmt.objectType === "OBJECT_DATABASE");
        if (about) {
            db.findings.add(
                "note",
                "database-statement",
                "Statements about databases are not run on a dev database; stub databases are made from what servers point to.",
                { file: read.file, line: read.line },
            );
            return false;
        }
        return !("CopyStmt" in node && node.CopyStmt.is_from === true && node.CopyStmt.filename === undefined);
    }

    execute(db: Database, node: Node, site: Site): void {
        this.roles.see(node, site, db.label);
        if (QUERIES.some((kind) => kind in node)) {
            runQuery(this, db, node, site);
        } else if ("CreateStmt" in node) {
            createTable(db, site, node.CreateStmt);
        } else if ("CreateForeignTableStmt" in node) {
            const statement = node.CreateForeignTableStmt;
            if (statement.base !== undefined) {
                createTable(db, site, statement.base, statement);
            }
        } else if ("CreateForeignServerStmt" in node) {
            createServer(db, site, node.CreateForeignServerStmt);
        } else if ("AlterForeignServerStmt" in node) {
            alterServer(db, site, node.AlterForeignServerStmt);
        } else if ("CreateUserMappingStmt" in node) {
            createMapping(db, site, node.CreateUserMappingStmt);
        } else if ("AlterUserMappingStmt" in node) {
            alterMapping(db, site, node.AlterUserMappingStmt);
        } else if ("DropUserMappingStmt" in node) {
            dropMapping(db, node.DropUserMappingStmt);
        } else if ("CreateFdwStmt" in node) {
            createWrapper(db, site, node.CreateFdwStmt);
        } else if ("ImportForeignSchemaStmt" in node) {
            importSchema(db, site, node.ImportForeignSchemaStmt);
        } else if ("AlterTableStmt" in node) {
            alterTable(db, site, node.AlterTableStmt);
        } else if ("RenameStmt" in node) {
            rename(db, site, node.RenameStmt);
        } else if ("AlterObjectSchemaStmt" in node) {
            setSchema(db, site, node.AlterObjectSchemaStmt);
        } else if ("DropStmt" in node) {
            drop(db, node.DropStmt);
        } else if ("CreateEnumStmt" in node) {
            createEnum(db, site, node.CreateEnumStmt);
        } else if ("AlterEnumStmt" in node) {
            alterEnum(db, node.AlterEnumStmt);
        } else if ("CreateDomainStmt" in node) {
            createDomain(db, site, node.CreateDomainStmt);
        } else if ("CompositeTypeStmt" in node) {
            createComposite(db, site, node.CompositeTypeStmt);
        } else if ("CreateRangeStmt" in node) {
            createRange(db, site, node.CreateRangeStmt);
        } else if ("DefineStmt" in node) {
            defineType(db, site, node.DefineStmt);
        } else if ("CreateFunctionStmt" in node) {
            createRoutine(db, site, node.CreateFunctionStmt);
        } else if ("ViewStmt" in node) {
            createView(db, site, node.ViewStmt);
        } else if ("CreateTableAsStmt" in node) {
            createTableAs(db, site, node.CreateTableAsStmt);
        } else if ("RefreshMatViewStmt" in node) {
            const relation = db.relation(rangeName(node.RefreshMatViewStmt.relation), placeOf(site));
            if (relation !== undefined && node.RefreshMatViewStmt.skipData !== true) {
                db.connect(
                    db.reach(relation.reads, relation.calls),
                    site,
                    `REFRESH MATERIALIZED VIEW ${relation.name}`,
                );
            }
        } else if ("DoStmt" in node) {
            runBlock(this, db, site, node);
        } else if ("CallStmt" in node) {
            runCall(
                this,
                db,
                site,
                node.CallStmt.funccall === undefined ? undefined : { FuncCall: node.CallStmt.funccall },
            );
        } else if ("CreateSchemaStmt" in node) {
            db.substance += 1;
            const role = node.CreateSchemaStmt.authrole?.rolename ?? this.shared.devUser;
            const name = node.CreateSchemaStmt.schemaname ?? role;
            db.catalog.schemas.set(name, placeOf(site));
            const path = db.path;
            db.path = [name, ...path];
            for (const element of node.CreateSchemaStmt.schemaElts ?? []) {
                this.execute(db, element, site);
            }
            db.path = path;
        } else if ("CreateExtensionStmt" in node) {
            const schema = defText(
                defElems(node.CreateExtensionStmt.options).find(({ defname }) => defname === "schema")?.arg,
            );
            db.catalog.extensions.set(node.CreateExtensionStmt.extname ?? "", schema ?? "public");
            db.madeExtensions.add(node.CreateExtensionStmt.extname ?? "");
        } else if ("VariableSetStmt" in node) {
            runSet(this, db, node.VariableSetStmt, site);
        } else if ("DiscardStmt" in node) {
            db.session();
        } else if ("TransactionStmt" in node) {
            const kind = node.TransactionStmt.kind;
            if (kind === "TRANS_STMT_COMMIT" || kind === "TRANS_STMT_ROLLBACK") {
                db.endTransaction();
            }
            const saved = this.saved.get(db);
            if (kind === "TRANS_STMT_ROLLBACK" && saved !== undefined) {
                db.catalog = saved;
                this.saved.delete(db);
            }
        } else {
            runMention(this, db, node, site);
        }
    }

    nested(db: Database, node: Node, site: Site): void {
        this.depth += 1;
        try {
            if (this.depth < MAX_NESTED) {
                this.execute(db, node, site);
            }
        } finally {
            this.depth -= 1;
        }
    }
}
