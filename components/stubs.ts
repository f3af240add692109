import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { ANY_DATABASE } from "../server/completeness";
import { InputError } from "../upstreams/errors";
import { scramSecret } from "../upstreams/scram";
import { extensionName } from "../upstreams/script";
import { stubName } from "../upstreams/stubs";
import type { Upstream } from "./args";
import { createDatabase } from "./database";
import { explained, printable } from "./explained";
import { beginFilling } from "./filling";
import { insideServer } from "./options";
import type { Prepared } from "./prepare";
import type { Server } from "./server";

/** Children are named after what they stand for. */
const childName = (component: string, name: string) => `${component}-${name}`;

/** What the server is to have for the upstreams, as far as it decides which resources there are. */
export interface Wanted {
    /** Logins, each with every password that it is given anywhere. */
    readonly users: ReadonlyMap<string, readonly pulumi.Input<string>[]>;
    /** Roles without a login. */
    readonly roles: readonly string[];
    readonly databases: readonly string[];
}

/** What upstreams want of the server. */
export function wantedBy(
    upstreams: ReadonlyArray<Pick<Upstream, "database" | "stub" | "users">>,
    roles: readonly string[],
): Wanted {
    const users = new Map<string, pulumi.Input<string>[]>();
    const all = upstreams.flatMap((upstream) => upstream.users ?? []);
    for (const { name, password } of all) {
        users.set(name, [...(users.get(name) ?? []), ...(password === undefined ? [] : [password])]);
    }
    // A role that the schema creates itself must not be there before.
    for (const { name } of all.filter(({ created }) => created === true)) {
        users.delete(name);
    }
    return { users, roles, databases: [...new Set(upstreams.map(stubName))] };
}

function passwordProblem(user: string, given: readonly (string | undefined)[]): string | undefined {
    const name = JSON.stringify(user);
    if (given.some((password) => password === undefined || password === "")) {
        return `The password of the user ${name} is empty. Give one, or leave it out.`;
    }
    return new Set(given).size > 1
        ? `The upstreams give the user ${name} different passwords. Roles belong to the whole server: give them the same, or use two names.`
        : undefined;
}

/**
 * Checks that no user has two passwords, or an empty one. The answer carries no secret, so that what waits for it
 * stays readable.
 *
 * @throws InputError that names the user.
 */
export function checkPasswords({ users }: Wanted): pulumi.Output<boolean> {
    const checks = [...users].map(([user, passwords]) =>
        pulumi.all([...passwords]).apply((given) => {
            const problem = passwordProblem(user, given);
            if (problem !== undefined) {
                throw printable(new InputError(problem));
            }
            return true;
        }),
    );
    return pulumi.unsecret(pulumi.all(checks).apply(() => true));
}

/** A password as the PostgreSQL provider gets it right: it doubles backslashes, which would be a part of it then. */
function providerPassword(user: string, password: string): string {
    return password.includes("\\") ? scramSecret(user, password) : password;
}

/**
 * Declares what answers for the upstreams: one role per user, and per upstream database the database and one
 * extension that holds all its tables.
 *
 * @returns the resources after which every upstream answers.
 */
export function createStubs(
    component: string,
    parent: pulumi.Resource,
    wanted: Wanted,
    devUser: string,
    containerName: string,
    server: Server,
    provider: postgresql.Provider,
    prepared: pulumi.Output<Prepared>,
): pulumi.Resource[] {
    // The image makes the superuser itself.
    const users = [...wanted.users].filter(([user]) => user !== devUser);
    const roles = users.map(
        ([user, passwords]) =>
            new postgresql.Role(
                childName(component, user),
                // The provider takes an empty password for none.
                {
                    name: user,
                    login: true,
                    password: pulumi
                        .all([...passwords])
                        .apply(([one]) => (one === undefined ? "" : providerPassword(user, one))),
                },
                insideServer(parent, provider, server),
            ),
    );
    for (const role of new Set(wanted.roles.filter((one) => one !== devUser && !wanted.users.has(one)))) {
        roles.push(
            new postgresql.Role(
                childName(component, role),
                { name: role, login: false },
                insideServer(parent, provider, server),
            ),
        );
    }
    const scripts = pulumi
        .all([prepared.extensions, prepared.current, server.container.id])
        .apply(([extensions, current, container]) => explained(beginFilling(container, extensions, current)));
    return wanted.databases.flatMap((name) => {
        const version = prepared.extensions.apply(
            (all) => all.find((extension) => extension.database === name)?.version ?? "",
        );
        // Every cluster has a database "postgres" from the start.
        const database =
            name === ANY_DATABASE
                ? []
                : [
                      createDatabase(
                          childName(component, name),
                          containerName,
                          name,
                          insideServer(parent, provider, server, [], version),
                      ),
                  ];
        const stub = new postgresql.Extension(
            childName(component, name),
            {
                name: extensionName(name),
                database: name,
                // When its script is there.
                version: pulumi.all([version, scripts]).apply(([of]) => of),
                // Brings the extensions that the tables' types need.
                createCascade: true,
            },
            insideServer(parent, provider, server, [...roles, ...database]),
        );
        return [...database, stub];
    });
}
