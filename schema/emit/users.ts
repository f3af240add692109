/** Users of a stub with their passwords. */

import type { Mapping } from "../derive/catalog";
import { variableConfig } from "../read/script";
import type { Emission } from "./emission";
import type { Stub } from "./stub";

/** The user that libpq takes where none is named: the one that runs the server in the image. */
export const SERVER_USER = "postgres";

/** The user that a mapping names; libpq takes no notice of an empty one. */
export function userOf(mapping: Mapping): string | undefined {
    const user = mapping.options.get("user");
    return user === "" ? undefined : user;
}

export function addUser(emission: Emission, stub: Stub, mapping: Mapping): void {
    const written = userOf(mapping);
    const name = written ?? SERVER_USER;
    if (written === undefined && mapping.written !== "dblink") {
        emission.add(
            "note",
            "user-default",
            `The user mapping for ${mapping.written} on server ${mapping.server} names no user; libpq takes the operating system's user that runs the server, ${SERVER_USER} in the image.`,
            mapping.place,
        );
    }
    const userStand = emission.standIns.find(written);
    if (userStand !== undefined) {
        emission.add(
            "warning",
            "placeholder-user",
            `The user of the mapping for ${mapping.written} is the placeholder ${userStand.name}, which has no value; ${userStand.text} stands in, so the schema must be run with that value.`,
            mapping.place,
            variableConfig(userStand.name),
        );
    }
    let password = mapping.options.get("password");
    const passwordStand = emission.standIns.find(password);
    if (passwordStand !== undefined) {
        emission.add(
            "note",
            "placeholder-password",
            `The password of ${name} is the placeholder ${passwordStand.name}, which has no value; the stub lets ${name} in without one, so any value works.`,
            mapping.place,
            variableConfig(passwordStand.name),
        );
        password = undefined;
    }
    const created = emission.roles.created.get(name);
    if (
        created !== undefined &&
        !created.guarded &&
        (created.label === undefined || created.label === emission.ownName)
    ) {
        stub.open = true;
        emission.add(
            "note",
            "role-created",
            `The schema creates the role ${name} itself, so the stub doesn't: its tables are granted to PUBLIC. Roles belong to the cluster: CREATE ROLE can run once on a dev server.`,
            created.place,
        );
        stub.users.set(name, {
            created: true,
            ...(created.password === undefined ? { trusted: true } : {}),
            roles: new Set([mapping.written, ...(stub.users.get(name)?.roles ?? [])]),
            place: mapping.place,
        });
        return;
    }
    password ??= passwordStand === undefined ? created?.password : undefined;
    const known = stub.users.get(name);
    if (known === undefined) {
        stub.users.set(name, {
            roles: new Set([mapping.written]),
            place: mapping.place,
            ...(password === undefined || password === "" ? {} : { password }),
        });
        return;
    }
    known.roles.add(mapping.written);
    if (password !== undefined && password !== "" && known.password !== undefined && known.password !== password) {
        emission.conflicting.set(name, mapping.place);
    }
    if (known.password === undefined && password !== undefined && password !== "") {
        known.password = password;
    }
}

/** Roles belong to the cluster: one name has one password, whatever the upstreams. */
export function settlePasswords(emission: Emission): void {
    const seen = new Map<string, string>();
    for (const stub of emission.stubs.values()) {
        for (const [name, user] of stub.users) {
            const before = seen.get(name);
            if (user.password !== undefined && before !== undefined && before !== user.password) {
                emission.conflicting.set(name, user.place);
            }
            if (user.password !== undefined) {
                seen.set(name, before ?? user.password);
            }
        }
    }
    for (const [name, place] of emission.conflicting) {
        emission.add(
            "warning",
            "password-conflict",
            `The user ${name} has different passwords in different mappings; on one server a role has one, so the stub lets ${name} in without any. A role that is no superuser cannot connect so.`,
            place,
        );
        for (const stub of emission.stubs.values()) {
            const user = stub.users.get(name);
            delete user?.password;
        }
    }
}
