/** Privileges of the roles that user mappings name, as GRANT statements. */

import { quoteIdent } from "../upstreams/quote";
import type { Grant } from "./catalog";

/** An object as GRANT names it. */
export interface Grantable {
    /** As `keyOf` names it. */
    readonly object: string;
    /** `TABLE`, `SEQUENCE`, `SCHEMA`, `FUNCTION` or `PROCEDURE`. */
    readonly what: string;
    /** Quoted, as SQL has it. */
    readonly name: string;
    /** Privileges that everybody has on a new object of this kind. */
    readonly usual: readonly string[];
}

/** One statement for each object and role; first what everybody would have and one of the roles has not. */
export function grantStatements(
    objects: readonly Grantable[],
    grants: readonly Grant[],
    roles: readonly string[],
): string[] {
    const byPlace = new Map(grants.map((grant) => [JSON.stringify([grant.object, grant.role]), grant]));
    return objects.flatMap(({ object, what, name, usual }) => {
        const held = roles.map((role) => ({ role, grant: byPlace.get(JSON.stringify([object, role])) }));
        const revoked = usual.filter((one) => held.some(({ grant }) => grant?.privileges.includes(one) === false));
        return [
            ...(revoked.length === 0 ? [] : [`REVOKE ${revoked.join(", ")} ON ${what} ${name} FROM PUBLIC;`]),
            ...held.flatMap(({ role, grant }) => {
                const whole = (grant?.privileges ?? []).filter((one) => !usual.includes(one) || revoked.includes(one));
                const byPrivilege = new Map<string, string[]>();
                for (const [column, privileges] of grant?.columns ?? []) {
                    for (const privilege of privileges) {
                        byPrivilege.set(privilege, [...(byPrivilege.get(privilege) ?? []), quoteIdent(column)]);
                    }
                }
                const all = [
                    ...whole,
                    ...[...byPrivilege].map(([privilege, columns]) => `${privilege} (${columns.join(", ")})`),
                ];
                return all.length === 0 ? [] : [`GRANT ${all.join(", ")} ON ${what} ${name} TO ${quoteIdent(role)};`];
            }),
        ];
    });
}
