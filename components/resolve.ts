import * as pulumi from "@pulumi/pulumi";
import { type Configuration, type DeclaredUpstream, parseConfiguration } from "../upstreams/parse";
import type { FdwStubDevDatabaseArgs, Upstream, UpstreamUser } from "./args";
import { deriveFromSchema, isRehearsed } from "./derive";
import { explained } from "./explained";
import { checkPasswords, type Wanted, wantedBy } from "./stubs";

/** Stands for a password wherever only whether there is one counts, so that plans and diffs stay readable. */
const HIDDEN = "(secret)";

/** Arguments that were checked, and completed with what the schema tells. */
export interface Resolved {
    /** Every upstream, declared or derived; no password of theirs. */
    readonly configuration: Configuration;
    /** What the user should know of the schema. */
    readonly warnings: readonly string[];
    /** Which stubs are contracts, and how the schema ran over the stubs, one line each. */
    readonly summary: readonly string[];
    /** What the resources are made of. A function: passwords in it stay the inputs that they are. */
    readonly wanted: () => Wanted;
}

/** The declared upstreams, where they are known before anything runs; undefined where they are an output. */
export function declaredNow({ upstreams = [] }: FdwStubDevDatabaseArgs): Upstream[] | undefined {
    return Array.isArray(upstreams) ? upstreams : undefined;
}

/** An upstream that came whole as an output: whatever it holds was kept secret together, and from here on apart. */
function withSecretPasswords(upstream: pulumi.Unwrap<Upstream>): Upstream {
    return {
        ...upstream,
        users: (upstream.users ?? []).map(({ password, ...user }) =>
            password === undefined ? user : { ...user, password: pulumi.secret(password) },
        ),
    };
}

function hidden<T extends { password?: unknown }>({ password, ...user }: T) {
    return password === undefined ? user : { ...user, password: HIDDEN };
}

function withoutPasswords<U extends { password?: unknown }, T extends { users: U[] }>(upstream: T) {
    return { ...upstream, users: upstream.users.map((user) => hidden(user)) };
}

/** A user of a derived upstream, with the password as it was given: a secret stays one. */
function asGiven(user: DeclaredUpstream["users"][number], declared: Wanted): UpstreamUser {
    const { password: derived, ...rest } = user;
    const [password = derived] = declared.users.get(user.name) ?? [];
    return password === undefined ? rest : { ...rest, password };
}

/** The passwords in clear, in the order of the users: only reading a schema needs them, to compare. */
function passwordsOf(upstreams: readonly Upstream[]): pulumi.Output<Array<string | undefined>> {
    return pulumi.unsecret(
        pulumi.all(upstreams.flatMap(({ users = [] }) => users.map(({ password }) => pulumi.output(password)))),
    );
}

async function derive(
    configuration: Configuration,
    passwords: readonly (string | undefined)[],
    directory: string,
    declared: Wanted,
): Promise<Resolved> {
    const inOrder = [...passwords];
    const { args, warnings, summary } = await deriveFromSchema(
        {
            ...configuration,
            upstreams: configuration.upstreams.map((upstream) => ({
                ...upstream,
                users: upstream.users.map(({ password: _, ...user }) => {
                    const password = inOrder.shift();
                    return password === undefined ? user : { ...user, password };
                }),
            })),
        },
        directory,
        (line) => void pulumi.log.info(line),
    );
    const upstreams = args.upstreams.map((upstream) => ({
        ...upstream,
        users: upstream.users.map((user) => asGiven(user, declared)),
    }));
    const wanted = wantedBy(upstreams, args.roles);
    return {
        configuration: { ...args, upstreams: args.upstreams.map(withoutPasswords) },
        warnings,
        summary,
        wanted: () => wanted,
    };
}

/**
 * Checks the component's arguments, and derives from the schema, where one is given, what they leave out.
 *
 * @param directory Folder that relative paths are relative to.
 * @returns an output that fails with one clear error for whatever the user can mend.
 */
export function resolveArgs(args: FdwStubDevDatabaseArgs, directory: string): pulumi.Output<Resolved> {
    const declared = declaredNow(args);
    if (declared === undefined) {
        return pulumi
            .unsecret(pulumi.output(args.upstreams ?? []))
            .apply((upstreams) => resolveArgs({ ...args, upstreams: upstreams.map(withSecretPasswords) }, directory));
    }
    const wanted = wantedBy(declared, args.roles ?? []);
    const upstreams = declared.map((upstream) => withoutPasswords({ ...upstream, users: upstream.users ?? [] }));
    const checked = pulumi
        .all([{ ...args, upstreams }, checkPasswords(wanted)])
        .apply(([plain]) => explained((async () => parseConfiguration(plain))()));
    if (!isRehearsed({ ...args, upstreams: declared })) {
        return checked.apply((configuration) => ({ configuration, warnings: [], summary: [], wanted: () => wanted }));
    }
    return pulumi
        .all([checked, passwordsOf(declared)])
        .apply(([configuration, passwords]) => explained(derive(configuration, passwords, directory, wanted)));
}
