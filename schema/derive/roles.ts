/** Roles: which ones the schema mentions, and which it creates itself. */

import type { Node } from "libpg-query";
import { defElems, defText, objectName, walk } from "../parse/ast";
import type { Place } from "../report";
import { placeOf, type Site } from "./database";

export interface CreatedRole {
    readonly place: Place;
    /** Only where it is missing: it may exist before. */
    readonly guarded: boolean;
    readonly password?: string;
    /** Database section (`\c`) of the statement. */
    readonly label: string | undefined;
}

/** Statements with large trees and no roles in them. */
const WITHOUT_ROLES = [
    "InsertStmt",
    "SelectStmt",
    "UpdateStmt",
    "DeleteStmt",
    "CopyStmt",
    "IndexStmt",
    "ViewStmt",
    "MergeStmt",
];

export class Roles {
    readonly mentioned = new Map<string, Place>();
    readonly created = new Map<string, CreatedRole>();

    has(name: string): boolean {
        return this.created.has(name) || this.mentioned.has(name);
    }

    mention(name: string, place: Place): void {
        if (name !== "" && !/^pg_/.test(name) && name !== "public" && name !== "none" && !this.mentioned.has(name)) {
            this.mentioned.set(name, place);
        }
    }

    see(node: Node, site: Site, label: string | undefined): void {
        const place = placeOf(site);
        if ("CreateRoleStmt" in node) {
            const name = node.CreateRoleStmt.role ?? "";
            const password = defText(
                defElems(node.CreateRoleStmt.options).find(({ defname }) => defname === "password")?.arg,
            );
            const known = this.created.get(name);
            // A statement that always runs decides over one that runs only where the role is missing.
            if (known === undefined || known.guarded) {
                this.created.set(name, {
                    place,
                    guarded: site.guarded === true,
                    label,
                    ...(password === undefined ? {} : { password }),
                });
            }
        } else if ("DropRoleStmt" in node || "RenameStmt" in node) {
            return;
        } else if ("GrantRoleStmt" in node) {
            for (const each of node.GrantRoleStmt.granted_roles ?? []) {
                if ("AccessPriv" in each) {
                    this.mention(each.AccessPriv.priv_name ?? "", place);
                }
            }
        } else if ("CommentStmt" in node && node.CommentStmt.objtype === "OBJECT_ROLE") {
            this.mention(objectName(node.CommentStmt.object).name, place);
        } else if ("AlterRoleStmt" in node) {
            const password = defText(
                defElems(node.AlterRoleStmt.options).find(({ defname }) => defname === "password")?.arg,
            );
            const name = node.AlterRoleStmt.role?.rolename ?? "";
            const known = this.created.get(name);
            if (known !== undefined && password !== undefined) {
                this.created.set(name, { ...known, password });
            }
        }
        if (WITHOUT_ROLES.some((kind) => kind in node)) {
            return;
        }
        walk(node, (value) => {
            if (
                "roletype" in value &&
                "rolename" in value &&
                value.roletype === "ROLESPEC_CSTRING" &&
                typeof value.rolename === "string"
            ) {
                this.mention(value.rolename, place);
            }
        });
    }
}
