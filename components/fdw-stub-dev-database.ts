import { realpathSync } from "node:fs";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { type StackIdentity, stackName } from "../docker/labels";
import { ANY_DATABASE } from "../server/completeness";
import { lackingExtensions, type StubSummary, summarize } from "../server/summary";
import { SERVER_PORT } from "../upstreams/network";
import { parseConfiguration } from "../upstreams/parse";
import { databaseUrl } from "../upstreams/url";
import type { FdwStubDevDatabaseArgs } from "./args";
import { createDatabase } from "./database";
import { describeArgs } from "./described";
import { explained } from "./explained";
import { createMaintenance } from "./maintenance";
import { insideServer } from "./options";
import { prepare } from "./prepare";
import { createServer } from "./server";
import { checkPasswords, createStubs } from "./stubs";

/** Loopback of the machine that Docker publishes on. */
const LOOPBACK = "127.0.0.1";

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
     * @param args What to stub, and with what.
     * @param opts Options of the component; providers are its own.
     */
    constructor(name: string, args: FdwStubDevDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
        super("fdw-stub:index:FdwStubDevDatabase", name, describeArgs(args), opts);
        const identity: StackIdentity = {
            directory: realpathSync(process.cwd()),
            project: pulumi.getProject(),
            stack: pulumi.getStack(),
            component: name,
        };
        const fixedName = stackName(identity);
        const devUser = args.devUser ?? "postgres";
        const devDatabase = args.devDatabase ?? "dev";

        // Passwords are left out here (only whether there is one counts), so that plans and diffs stay readable.
        const upstreams = args.upstreams.map((upstream) => ({
            ...upstream,
            users: (upstream.users ?? []).map((user) => ({
                ...user,
                ...(user.password === undefined ? {} : { password: "(secret)" }),
            })),
        }));
        const prepared = pulumi
            .all([{ ...args, upstreams }, checkPasswords(args.upstreams)])
            .apply(([plain]) => explained((async () => prepare(parseConfiguration(plain), identity))()));
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

        const { network, container, password } = createServer(name, this, identity, devUser, prepared);
        // Known only when the container is healthy.
        const port = container.ports.apply((ports) => ports?.[0]?.external ?? 0);
        const provider = new postgresql.Provider(
            name,
            {
                host: LOOPBACK,
                // Not the container's own: Pulumi would replace the provider with the container, and after a failure
                // between the two the state would name a provider that is no more. What uses it waits for the container.
                port: prepared.port,
                username: devUser,
                password,
                database: ANY_DATABASE,
                sslmode: "disable",
            },
            { parent: this },
        );
        const stubs = createStubs(
            name,
            this,
            args.upstreams,
            args.roles ?? [],
            devUser,
            fixedName,
            container,
            provider,
            prepared,
        );
        const maintenance = createMaintenance(name, this, fixedName, container, provider, stubs);
        // Last of all: where the dev database is, everything before it was completed.
        const database = createDatabase(
            // No upstream's database can have this resource name: theirs have one of their own behind it.
            name,
            fixedName,
            devDatabase,
            insideServer(this, provider, container, [...stubs, maintenance]),
        );

        const url = (host: pulumi.Input<string>, reached: pulumi.Input<number>, of: pulumi.Output<string>) =>
            pulumi.secret(
                pulumi
                    .all([host, reached, password, of])
                    .apply(([h, p, secret, db]) =>
                        databaseUrl({ host: h, port: p, user: devUser, password: secret, database: db }),
                    ),
            );
        this.devUrl = url(LOOPBACK, port, database.name);
        this.networkDevUrl = url(container.name, SERVER_PORT, database.name);
        this.maintenanceUrl = url(LOOPBACK, port, maintenance.database);
        this.containerName = container.name;
        this.networkName = network.name;
        this.stubs = pulumi.unsecret(
            pulumi.all([prepared.expected.stubs, port, password, database.id]).apply(([expected, reached, secret]) =>
                explained(
                    summarize(
                        { host: LOOPBACK, port: reached, user: devUser, password: secret },
                        expected.map((stub) => stub.database),
                        expected.map((stub) => stub.name),
                    ),
                ),
            ),
        );
        pulumi
            .all([prepared.stubs.databases, this.stubs, prepared.image])
            .apply(([databases, held, image]) =>
                Promise.all(lackingExtensions(databases, held, image).map((text) => pulumi.log.warn(text, this))),
            );
        this.registerOutputs({
            devUrl: this.devUrl,
            networkDevUrl: this.networkDevUrl,
            maintenanceUrl: this.maintenanceUrl,
            containerName: this.containerName,
            networkName: this.networkName,
            stubs: this.stubs,
        });
    }
}
