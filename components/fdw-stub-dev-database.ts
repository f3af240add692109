import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { type StackIdentity, stackName } from "../docker/labels";
import { ANY_DATABASE } from "../server/completeness";
import { lackingExtensions, type StubSummary, summarize } from "../server/summary";
import { SERVER_PORT } from "../upstreams/network";
import { databaseUrl } from "../upstreams/url";
import type { FdwStubDevDatabaseArgs } from "./args";
import { createDatabase } from "./database";
import { isRehearsed } from "./derive";
import { describeArgs } from "./described";
import { explained } from "./explained";
import { endFilling } from "./filling";
import { createMaintenance } from "./maintenance";
import { insideServer } from "./options";
import { prepare } from "./prepare";
import { projectDirectory } from "./project";
import { declaredNow, type Resolved, resolveArgs } from "./resolve";
import { createServer } from "./server";
import { createStubs, type Wanted, wantedBy } from "./stubs";

/** The component's outputs, all of them. */
interface Outputs {
    readonly devUrl: pulumi.Output<string>;
    readonly networkDevUrl: pulumi.Output<string>;
    readonly maintenanceUrl: pulumi.Output<string>;
    readonly containerName: pulumi.Output<string>;
    readonly networkName: pulumi.Output<string>;
    readonly stubs: pulumi.Output<StubSummary[]>;
}

/**
 * A dev database for Atlas in which every upstream that a schema reaches through `postgres_fdw` answers.
 *
 * Declares a Docker network and a PostgreSQL container in which each upstream's host name leads to the server
 * itself, and, through the PostgreSQL provider, each upstream's roles, database and tables. The dev database
 * itself stays empty. Whatever happened to the container, the next `pulumi up` makes a working one again.
 */
export class FdwStubDevDatabase extends pulumi.ComponentResource {
    /** URL of the dev database from this machine, `postgres://user:password@127.0.0.1:port/database?sslmode=disable`. Secret. */
    readonly devUrl: pulumi.Output<string>;
    /** The same from inside the stack's Docker network, for an Atlas that runs in a container there. Secret. */
    readonly networkDevUrl: pulumi.Output<string>;
    /** URL of the database in which `SELECT fdw_stub.fresh_database()` hands out a fresh one, for `atlas.hcl`. Secret. */
    readonly maintenanceUrl: pulumi.Output<string>;
    /** Name of the container, which is also its host name in the network. */
    readonly containerName: pulumi.Output<string>;
    /** Name of the Docker network. */
    readonly networkName: pulumi.Output<string>;
    /** What the server holds for the upstreams, read back from it: one entry per stub database. */
    readonly stubs: pulumi.Output<StubSummary[]>;

    /**
     * @param name Name in the program; part of the container's name.
     * @param args What to stub, and with what; `{ schema: ["db/migrations"] }` is enough.
     * @param opts Options of the component; providers are its own.
     */
    constructor(name: string, args: FdwStubDevDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
        const identity: StackIdentity = {
            directory: projectDirectory(),
            project: pulumi.getProject(),
            stack: pulumi.getStack(),
            component: name,
        };
        const resolved = resolveArgs(args, identity.directory);
        super("fdw-stub:index:FdwStubDevDatabase", name, describeArgs(args, resolved), opts);
        resolved.apply(async ({ warnings, summary }) => {
            await Promise.all(warnings.map((warning) => pulumi.log.warn(warning, this)));
            for (const line of summary) {
                await pulumi.log.info(line, this);
            }
        });

        // Which resources there are is known at once where everything is declared, and otherwise when the schema has
        // been read. A function: an output would make one secret of all that it holds.
        const declareWith = (wanted: Wanted) => {
            const outputs = this.declare(name, args, identity, resolved, wanted);
            return () => outputs;
        };
        const now = declaredNow(args);
        const declared = now === undefined || isRehearsed({ ...args, upstreams: now }) ? undefined : now;
        const made: pulumi.Output<() => Outputs> =
            declared === undefined
                ? resolved.apply(({ wanted }) => declareWith(wanted()))
                : pulumi.output(declareWith(wantedBy(declared, args.roles ?? [])));
        this.devUrl = made.apply((outputs) => outputs().devUrl);
        this.networkDevUrl = made.apply((outputs) => outputs().networkDevUrl);
        this.maintenanceUrl = made.apply((outputs) => outputs().maintenanceUrl);
        this.containerName = made.apply((outputs) => outputs().containerName);
        this.networkName = made.apply((outputs) => outputs().networkName);
        this.stubs = made.apply((outputs) => outputs().stubs);
        this.registerOutputs({
            devUrl: this.devUrl,
            networkDevUrl: this.networkDevUrl,
            maintenanceUrl: this.maintenanceUrl,
            containerName: this.containerName,
            networkName: this.networkName,
            stubs: this.stubs,
        });
    }

    /** Declares everything that the stack is made of. */
    private declare(
        name: string,
        args: FdwStubDevDatabaseArgs,
        identity: StackIdentity,
        resolved: pulumi.Output<Resolved>,
        wanted: Wanted,
    ): Outputs {
        const fixedName = stackName(identity);
        const devUser = args.devUser ?? "postgres";
        const devDatabase = args.devDatabase ?? "dev";
        const prepared = resolved.apply(({ configuration }) => explained(prepare(configuration, identity)));
        prepared.broken.apply((why) =>
            why === undefined ? undefined : pulumi.log.warn(`The server is made anew: ${why}.`, this),
        );
        pulumi
            .all([prepared.standIn, prepared.image])
            .apply(([standIn, image]) =>
                standIn
                    ? pulumi.log.warn(`No registry had the image; using ${image}, built on this machine.`, this)
                    : undefined,
            );

        const server = createServer(name, this, identity, devUser, prepared);
        const { network, container, password } = server;
        // Known only when the container is there.
        const reached = pulumi.all([prepared.reached, container.id]).apply(([where]) => where);
        const provider = new postgresql.Provider(
            name,
            {
                host: prepared.reached.host,
                // Not the container's own: Pulumi would replace the provider with the container, and after a failure
                // between the two the state would name a provider that is no more. What uses it waits for the container.
                port: prepared.reached.port,
                username: devUser,
                password,
                database: ANY_DATABASE,
                sslmode: "disable",
            },
            { parent: this },
        );
        const stubs = createStubs(name, this, wanted, devUser, fixedName, server, provider, prepared);
        const database = createDatabase(
            // No upstream's database can have this resource name: theirs have one of their own behind it.
            name,
            fixedName,
            devDatabase,
            insideServer(this, provider, server),
        );
        const maintenance = createMaintenance(name, this, fixedName, server, provider, [...stubs, database]);

        const url = (host: pulumi.Input<string>, reached: pulumi.Input<number>, of: pulumi.Output<string>) =>
            pulumi.secret(
                pulumi
                    .all([host, reached, password, of])
                    .apply(([h, p, secret, db]) =>
                        databaseUrl({ host: h, port: p, user: devUser, password: secret, database: db }),
                    ),
            );
        const stubsHeld = pulumi.unsecret(
            pulumi
                // A network that was left over is replaced while the server is up.
                .all([
                    prepared.extensions,
                    prepared.current,
                    container.id,
                    reached,
                    password,
                    maintenance.id,
                    network.id,
                ])
                .apply(([extensions, current, id, where, secret]) => {
                    const address = { ...where, user: devUser, password: secret };
                    const ended = endFilling(id, extensions, address, current);
                    const databases = extensions.map((stub) => stub.database);
                    const names = extensions.map((stub) => stub.name);
                    return explained(ended.then(() => summarize(address, databases, names)));
                }),
        );
        pulumi
            .all([prepared.stubs.databases, stubsHeld, prepared.image])
            .apply(([databases, held, image]) =>
                Promise.all(lackingExtensions(databases, held, image).map((text) => pulumi.log.warn(text, this))),
            );
        return {
            devUrl: url(reached.host, reached.port, database.name),
            networkDevUrl: url(container.name, SERVER_PORT, database.name),
            maintenanceUrl: url(reached.host, reached.port, maintenance.database),
            containerName: container.name,
            networkName: network.name,
            stubs: stubsHeld,
        };
    }
}
