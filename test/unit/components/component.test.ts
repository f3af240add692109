import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FdwStubDevDatabase, type FdwStubDevDatabaseArgs, type Upstream } from "../../../components";
import { deriveFromSchema } from "../../../components/derive";
import { identityLabels, LABEL, stackName } from "../../../docker/labels";
import { missingFrom, outdatedIn } from "../../../server/completeness";
import { readNote, writeNote } from "../../../server/note";
import { summarize } from "../../../server/summary";
import { InputError } from "../../../upstreams/errors";
import { extensionName } from "../../../upstreams/script";
import { container, type FakeEngine, fakeEngine } from "../docker/fake-engine";
import { type Recorded, reveal, runProgram } from "./recorder";

// The only parts that would speak to PostgreSQL, and what reads a schema.
vi.mock("../../../components/derive", { spy: true });
vi.mock("../../../server/completeness", { spy: true });
vi.mock("../../../server/note", { spy: true });
vi.mock("../../../server/summary", { spy: true });

const IDENTITY = { directory: process.cwd(), project: "fdw-stub", stack: "dev", component: "db" };
const NAME = stackName(IDENTITY);
const SUMMARY = [
    { database: "upstream_db", tableCount: 1, tables: ["public.events (id bigint)"], extensions: [], users: [] },
];

let engine: FakeEngine;

beforeEach(async () => {
    engine = await fakeEngine();
    engine.images.set("sha256:pulled", ["PG_MAJOR=18", "PGDATA=/var/lib/postgresql/18/docker"]);
    vi.stubEnv("DOCKER_HOST", engine.host);
    vi.mocked(missingFrom).mockReset().mockResolvedValue([]);
    vi.mocked(outdatedIn).mockReset().mockResolvedValue([]);
    vi.mocked(readNote).mockReset().mockResolvedValue(undefined);
    vi.mocked(writeNote).mockReset().mockResolvedValue();
    vi.mocked(summarize).mockReset().mockResolvedValue(SUMMARY);
});
afterEach(async () => {
    vi.unstubAllEnvs();
    await engine.close();
});

const UPSTREAM: Upstream = {
    host: "upstream_db",
    database: "upstream_db",
    users: [{ name: "svc", password: "hunter2" }],
    tables: [{ name: "events", columns: [{ name: "id", type: "bigint" }] }],
};
const PLAIN: FdwStubDevDatabaseArgs = { upstreams: [UPSTREAM] };

const run = (args: FdwStubDevDatabaseArgs, isPreview = false) =>
    runProgram(() => new FdwStubDevDatabase("db", args), "dev", isPreview);

/** `type name` of everything registered, sorted, with the types' last parts only. */
const listed = (resources: readonly Recorded[]) =>
    resources.map((one) => `${one.type.split(":").at(-1)} ${one.name}`).sort();

function only(resources: readonly Recorded[], type: string, name = "db"): Recorded {
    const found = resources.filter((one) => one.type.endsWith(`:${type}`) && one.name === name);
    expect(found).toHaveLength(1);
    const [first] = found;
    if (first === undefined) {
        throw new Error(`no ${type}`);
    }
    return first;
}

const COMPONENT = "fdw-stub:index:FdwStubDevDatabase db";
const CONTAINER = "docker:index/container:Container db";

describe("the children", () => {
    test("are exactly these for one upstream", async () => {
        const { resources, errors } = await run(PLAIN);
        expect(errors).toEqual([]);
        expect(listed(resources)).toEqual([
            "Container db",
            "Database db",
            "Database db-upstream_db",
            "Database db.maintenance",
            "Extension db-upstream_db",
            "Extension db.maintenance",
            "FdwStubDevDatabase db",
            "Network db",
            "RandomPassword db",
            "RemoteImage db",
            "Role db-svc",
            "Volume db",
            "docker db",
            "postgresql db",
        ]);
        // The script of the stub, which is none of the container's uploads.
        expect(engine.changes).toEqual(["PUT /containers/db-id/archive?path=%2F"]);
        const { version } = only(resources, "Extension", "db-upstream_db").inputs;
        expect(vi.mocked(writeNote).mock.calls).toEqual([[expect.anything(), { stubs: { upstream_db: version } }]]);
        expect(engine.archives.join("")).toContain('CREATE TABLE "public"."events"');
        expect(JSON.stringify(only(resources, "Container").inputs)).not.toContain('CREATE TABLE \\"');
    });

    test("are one role per user, and one database and one extension per upstream database", async () => {
        const table = (name: string) => ({ name, columns: [{ name: "id", type: "bigint" }] });
        const { resources, errors } = await run({
            upstreams: [
                { host: "a", database: "one", users: [{ name: "u" }, { name: "v" }], tables: ["t", "s"].map(table) },
                { host: "b", database: "one", users: [{ name: "u", password: "x" }] },
                { host: "a", database: "two", users: [{ name: "me" }], tables: [table("t")] },
                { database: "postgres" },
            ],
            devUser: "me",
        });
        expect(errors).toEqual([]);
        expect(listed(resources.filter((one) => one.type.startsWith("postgresql:")))).toEqual([
            "Database db",
            "Database db-one",
            "Database db-two",
            "Database db.maintenance",
            "Extension db-one",
            "Extension db-postgres",
            "Extension db-two",
            "Extension db.maintenance",
            "Role db-u",
            "Role db-v",
        ]);
    });

    test("have names of their own even where an upstream is called like one of them", async () => {
        const { resources, errors } = await run({
            upstreams: ["db", "dev-database", "maintenance", ".maintenance"].map((database) => ({ database })),
        });
        expect(errors).toEqual([]);
        const all = listed(resources);
        expect(new Set(all).size).toBe(all.length);
    });

    test("all have the component for a parent, and the component's own providers", async () => {
        const { resources } = await run(PLAIN);
        for (const one of resources.filter(({ name, type }) => `${type} ${name}` !== COMPONENT)) {
            expect([one.name, one.type, one.parent]).toEqual([one.name, one.type, COMPONENT]);
            const [first] = one.type.split(":");
            expect(one.provider).toBe(
                first === "docker" || first === "postgresql" ? `pulumi:providers:${first} db` : "",
            );
        }
    });
});

describe("a schema", () => {
    const declared = { host: "h", database: "orders", users: [{ name: "svc", password: pulumi.secret("hunter2") }] };
    const ARGS: FdwStubDevDatabaseArgs = { schema: ["migrations"], variables: { PW: "geheim" }, upstreams: [declared] };

    /** As the real one does it: the declared upstream, and another one with a password that stands in the schema. */
    function derives(warnings: string[] = []): void {
        vi.mocked(deriveFromSchema).mockImplementation(async (configuration) => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            const [first] = configuration.upstreams;
            if (first === undefined) {
                throw new Error("no upstream");
            }
            const users = [{ name: "reader", password: "from the schema" }];
            const other = { ...first, host: "far", database: "derived", users };
            const args = { ...configuration, schema: [], upstreams: [first, other], roles: ["app_owner"] };
            return { args, warnings, summary: [], files: [] };
        });
    }

    test.each([true, false])("has its children derived, and shown in a preview (preview: %s)", async (isPreview) => {
        derives();
        const { resources, errors } = await run(ARGS, isPreview);
        expect(errors).toEqual([]);
        expect(listed(resources.filter((one) => one.type.startsWith("postgresql:")))).toEqual([
            "Database db",
            "Database db-derived",
            "Database db-orders",
            "Database db.maintenance",
            "Extension db-derived",
            "Extension db-orders",
            "Extension db.maintenance",
            "Role db-app_owner",
            "Role db-reader",
            "Role db-svc",
        ]);
        expect(only(resources, "Role", "db-svc").inputs.password).toEqual({ secret: "hunter2" });
        expect(only(resources, "Role", "db-reader").inputs.password).toEqual({ secret: "from the schema" });
    });

    test("is read with the passwords as they are, and shown without them and without the variables' values", async () => {
        derives();
        const { resources, result } = await run(ARGS);
        const [read, directory] = vi.mocked(deriveFromSchema).mock.calls.at(-1) ?? [];
        expect(read).toMatchObject({ schema: ["migrations"], variables: { PW: "geheim" } });
        expect(read?.upstreams[0]?.users).toEqual([{ name: "svc", password: "hunter2" }]);
        expect(directory).toBe(IDENTITY.directory);
        const { inputs } = only(resources, "FdwStubDevDatabase");
        expect(inputs).toMatchObject({
            variables: ["PW"],
            upstreams: { "h:5432/orders": { users: ["svc"] }, "far:5432/derived": { users: ["reader"] } },
        });
        expect(JSON.stringify([inputs, only(resources, "Container").inputs.labels])).not.toMatch(
            /hunter2|geheim|from the schema/,
        );
        await expect(reveal(result?.containerName)).resolves.toEqual({ value: NAME, isSecret: false });
        await expect(reveal(result?.stubs)).resolves.toEqual({ value: SUMMARY, isSecret: false });
        await expect(reveal(result?.devUrl)).resolves.toMatchObject({ isSecret: true });
    });

    test("that cannot be used is one error, and nothing is made", async () => {
        vi.mocked(deriveFromSchema).mockRejectedValue(new InputError("1.sql:2: not like this"));
        const { resources, errors } = await run(ARGS);
        expect(errors).toMatchObject([{ message: "1.sql:2: not like this" }]);
        expect(pulumi.RunError.isInstance(errors[0])).toBe(true);
        expect(resources).toEqual([]);
    });

    test("has its warnings told", async () => {
        const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
        derives(["a guess"]);
        await run(ARGS);
        expect(warn.mock.calls.map(([text]) => text)).toContain("a guess");
        warn.mockRestore();
    });
});

describe("options", () => {
    const ROLE = "postgresql:index/role:Role db-svc";
    const STUB_DATABASE = "postgresql:index/database:Database db-upstream_db";
    const STUB = "postgresql:index/extension:Extension db-upstream_db";
    const DEV_DATABASE = "postgresql:index/database:Database db";
    const STUB_TRIGGER = /^db-id with stub [0-9a-f]{16}$/;

    test("of everything inside the server let a plain `up` heal it, and `destroy` work without it", async () => {
        const { resources } = await run(PLAIN);
        const inside = resources.filter((one) => one.type.startsWith("postgresql:"));
        expect(inside).toHaveLength(6);
        for (const one of inside) {
            // A changed stub is made anew by its database.
            const trigger = `${one.type} ${one.name}` === STUB_DATABASE ? expect.stringMatching(STUB_TRIGGER) : "db-id";
            expect(one).toMatchObject({ deletedWith: CONTAINER, retainOnDelete: true, replacementTrigger: trigger });
            expect(one.hooks).toEqual([expect.stringMatching(/^beforeCreate: [12]$/)]);
            expect(one.replaceWith).toContain(CONTAINER);
            expect(one.dependsOn).toContain(CONTAINER);
        }
    });

    test.each([
        ["Role", "db-svc", [], []],
        ["Database", "db-upstream_db", [], []],
        ["Extension", "db-upstream_db", [ROLE, STUB_DATABASE], []],
        ["Database", "db", [], []],
        // It makes databases in the background from the moment on at which it is there.
        ["Extension", "db.maintenance", [`${DEV_DATABASE}.maintenance`], [STUB_DATABASE, STUB, DEV_DATABASE]],
    ])("%s %s is replaced with %j, and comes after %j too", async (type, name, others, before) => {
        const { resources } = await run(PLAIN);
        const one = only(resources, type, name);
        expect(one.replaceWith).toEqual([CONTAINER, ...others].sort());
        expect(one.dependsOn).toEqual(expect.arrayContaining([CONTAINER, ...others, ...before]));
    });

    test("of what has a fixed name in Docker free the name first, and clear leftovers away", async () => {
        const { resources } = await run(PLAIN);
        for (const type of ["Network", "Container", "Volume"]) {
            expect(only(resources, type).deleteBeforeReplace).toBe(true);
        }
        // The last of them waits for the network, which no dependency does: the provider itself is two seconds late.
        expect(only(resources, "Container").hooks).toEqual(["beforeCreate: 3"]);
        // And lets a program that runs in a container reach it.
        expect(only(resources, "Network").hooks).toEqual(["beforeCreate: 1", "afterCreate: 2"]);
        const { dependsOn } = only(resources, "Container");
        expect(dependsOn).toEqual(expect.arrayContaining(["docker:index/remoteImage:RemoteImage db"]));
        expect(dependsOn).not.toContain("docker:index/network:Network db");
    });

    test("run no hook on `destroy`, which has no program to run it", async () => {
        const { resources } = await run(PLAIN);
        const hooks = resources.flatMap((one) => one.hooks);
        expect(hooks.length).toBeGreaterThan(0);
        expect(hooks.every((hook) => /^(?:before|after)(?:Create|Update): /.test(hook))).toBe(true);
    });

    test("let the server's own locale stand", async () => {
        const { resources } = await run(PLAIN);
        for (const name of ["db", "db-upstream_db"]) {
            expect(only(resources, "Database", name)).toMatchObject({
                ignoreChanges: ["lcCollate", "lcCtype"],
                hooks: ["beforeCreate: 2"],
                inputs: { lcCollate: "DEFAULT", lcCtype: "DEFAULT" },
            });
        }
    });

    test("of the PostgreSQL provider let it outlive the container, which all that use it wait for", async () => {
        const { resources } = await run({ ...PLAIN, port: 29_875 });
        const provider = only(resources, "postgresql");
        expect(provider).toMatchObject({ deletedWith: "", replaceWith: [], inputs: { port: "29875" } });
        expect(provider.dependsOn).not.toContain(CONTAINER);
    });
});

describe("inputs", () => {
    const labelsOf = (one: Recorded) => {
        const labels = one.inputs.labels;
        return Object.fromEntries(
            Array.isArray(labels)
                ? labels.map(({ label, value }: { label: string; value: string }) => [label, value])
                : [],
        );
    };

    test("of the container", async () => {
        const { resources } = await run({ ...PLAIN, port: 29_876 });
        const { inputs } = only(resources, "Container");
        expect(inputs).toMatchObject({
            name: NAME,
            image: "sha256:pulled",
            hosts: [{ host: "upstream_db", ip: "127.0.0.1" }],
            networksAdvanced: [{ name: NAME }],
            ports: [{ internal: 5432, external: 29_876, ip: "127.0.0.1" }],
            restart: "unless-stopped",
            removeVolumes: true,
            init: true,
            volumes: [
                { volumeName: NAME, containerPath: "/var/lib/postgresql/18/docker" },
                { volumeName: "fdw-stub-clusters-pulled", containerPath: "/fdw-stub/clusters" },
            ],
            entrypoints: ["/fdw-stub/start.sh", "/fdw-stub/entrypoint.sh"],
            uploads: [{ file: "/fdw-stub/start.sh", executable: true }],
            healthcheck: {
                tests: ["CMD-SHELL", expect.stringContaining("pg_isready -q -h '127.0.0.1' -p 5432 && exit 0")],
                startInterval: "250ms",
            },
        });
        expect(inputs.envs).toEqual({
            secret: [
                "POSTGRES_INITDB_ARGS=--no-sync",
                "POSTGRES_USER=postgres",
                "POSTGRES_PASSWORD=Generated0Password",
                "POSTGRES_DB=postgres",
            ],
        });
    });

    test("of an engine before Docker 25 check health in one rhythm", async () => {
        engine.apiVersion = "1.43";
        const { resources } = await run(PLAIN);
        const { healthcheck } = only(resources, "Container").inputs;
        expect(healthcheck).toMatchObject({ interval: "5s" });
        expect(healthcheck).not.toHaveProperty("startInterval");
    });

    test("carry the labels by which the stack is found again, and no secret", async () => {
        const { resources } = await run(PLAIN);
        const labels = labelsOf(only(resources, "Container"));
        expect(labels).toMatchObject({
            ...identityLabels(IDENTITY),
            [LABEL.madeBy]: "pulumi",
            [LABEL.image]: "postgres:18",
        });
        expect(labels[LABEL.generation]).toMatch(/^[0-9a-z]+$/);
        expect(labels[LABEL.networkGeneration]).toMatch(/^[0-9a-z]+$/);
        expect(JSON.parse(String(labels[LABEL.expected]))).toMatchObject({
            servers: [{ host: "upstream_db", port: 5432, database: "upstream_db" }],
            roles: ["svc"],
            devDatabase: "dev",
        });
        expect(JSON.stringify(labels)).not.toMatch(/hunter2|Generated0Password/);
        expect(labelsOf(only(resources, "Network"))).toMatchObject({
            ...identityLabels(IDENTITY),
            [LABEL.madeBy]: "pulumi",
        });
    });

    test("of the database side", async () => {
        const { resources } = await run({ ...PLAIN, devDatabase: "Atlas dev" });
        expect(only(resources, "Role", "db-svc").inputs).toEqual({
            name: "svc",
            login: true,
            password: { secret: "hunter2" },
        });
        expect(only(resources, "Database").inputs).toMatchObject({ name: "Atlas dev" });
        expect(only(resources, "Extension", "db-upstream_db").inputs).toEqual({
            name: extensionName("upstream_db"),
            database: "upstream_db",
            version: expect.stringMatching(/^[0-9a-f]{16}$/),
            createCascade: true,
        });
        expect(only(resources, "postgresql").inputs).toMatchObject({
            host: "127.0.0.1",
            username: "postgres",
            password: { secret: "Generated0Password" },
            database: "postgres",
            sslmode: "disable",
        });
    });

    test("take what is an output as what it will be", async () => {
        const { resources, errors } = await run({
            upstreams: [
                {
                    host: pulumi.output("Late-Host"),
                    port: pulumi.output(6432),
                    database: "d",
                    ddl: pulumi.output("CREATE SCHEMA app"),
                    tables: pulumi.output([{ name: "t", columns: [pulumi.output({ name: "id", type: "int" })] }]),
                },
            ],
            image: pulumi.output("postgres:18"),
        });
        expect(errors).toEqual([]);
        const { inputs } = only(resources, "Container");
        expect(inputs.hosts).toEqual([{ host: "late-host", ip: "127.0.0.1" }]);
        expect(engine.archives.join("")).toContain("CREATE SCHEMA app");
        expect(JSON.stringify(inputs.uploads)).toContain("relay.pl");
    });

    test("take upstreams that are an output as a whole, as another language may hand them over", async () => {
        const plain = await run(PLAIN);
        const whole = await run({ upstreams: pulumi.secret([UPSTREAM]) });
        expect(whole.errors).toEqual([]);
        expect(listed(whole.resources)).toEqual(listed(plain.resources));
        for (const [type, name] of [
            ["Role", "db-svc"],
            ["FdwStubDevDatabase", "db"],
        ] as const) {
            expect(only(whole.resources, type, name).inputs).toEqual(only(plain.resources, type, name).inputs);
        }
        const declared = (one: Recorded) => labelsOf(one)[LABEL.declared];
        expect(declared(only(whole.resources, "Container"))).toBe(declared(only(plain.resources, "Container")));
        await expect(reveal(whole.result?.containerName)).resolves.toEqual({ value: NAME, isSecret: false });
    });

    test("leave the password of a user without one empty", async () => {
        const { resources } = await run({ upstreams: [{ database: "d", users: [{ name: "u" }] }] });
        expect(only(resources, "Role", "db-u").inputs).toEqual({ name: "u", login: true, password: { secret: "" } });
    });

    test("stay the same on a second run against a healthy server", async () => {
        const first = await run(PLAIN);
        const labels = Object.fromEntries(
            Object.entries(labelsOf(only(first.resources, "Container"))).map(([k, v]) => [k, String(v)]),
        );
        const network = Object.fromEntries(
            Object.entries(labelsOf(only(first.resources, "Network"))).map(([k, v]) => [k, String(v)]),
        );
        const ports = only(first.resources, "Container").inputs.ports;
        const port = Array.isArray(ports) ? Number(ports[0].external) : 0;
        engine.containers.push(container({ name: NAME, networks: [NAME], labels, hostPort: port }));
        engine.networks.push({ id: "n", name: NAME, labels: network });
        await new Promise((resolve) => setTimeout(resolve, 5));
        const second = await run(PLAIN);
        expect(second.errors).toEqual([]);
        expect(second.resources.map(({ inputs }) => inputs)).toEqual(first.resources.map(({ inputs }) => inputs));
    });

    test("leave the container what it is when only what a stub holds is another", async () => {
        const first = await run(PLAIN);
        const second = await run({ upstreams: [{ ...UPSTREAM, ddl: "CREATE VIEW v AS SELECT 1" }] });
        expect(second.errors).toEqual([]);
        const { generation: _, networkGeneration: __, ...labels } = LABEL;
        const of = ({ resources }: typeof first) => {
            const { labels: all, ports, ...inputs } = only(resources, "Container").inputs;
            const given = labelsOf(only(resources, "Container"));
            return { inputs, labels: Object.values(labels).map((label) => given[label]) };
        };
        expect(of(second)).toEqual(of(first));
        const version = ({ resources }: typeof first) => only(resources, "Extension", "db-upstream_db").inputs.version;
        expect(version(second)).not.toBe(version(first));
    });

    test("of a stub in the database that cannot be made anew are the container's", async () => {
        const upstream = { ...UPSTREAM, database: "postgres" };
        const [one, other] = [
            await run({ upstreams: [upstream] }),
            await run({ upstreams: [{ ...upstream, ddl: "CREATE VIEW v AS SELECT 1" }] }),
        ].map(({ resources }) => labelsOf(only(resources, "Container"))[LABEL.declared]);
        expect(one).not.toBe(other);
    });

    test("need no script where the container has run it", async () => {
        const first = await run(PLAIN);
        const labels = Object.fromEntries(
            Object.entries(labelsOf(only(first.resources, "Container"))).map(([k, v]) => [k, String(v)]),
        );
        const version = String(only(first.resources, "Extension", "db-upstream_db").inputs.version);
        engine.containers.push(container({ id: "db-id", name: NAME, networks: [NAME], labels }));
        const stubs = { upstream_db: version };
        for (const [held, put, notes] of [
            ["another", 1, [{ stubs: null }, { stubs }]],
            [version, 0, []],
        ] as const) {
            engine.archives.length = 0;
            vi.mocked(writeNote).mockClear();
            vi.mocked(readNote).mockResolvedValue({ stubs: { upstream_db: held } });
            expect((await run(PLAIN)).errors).toEqual([]);
            expect(engine.archives).toHaveLength(put);
            expect(vi.mocked(writeNote).mock.calls.map(([, note]) => note)).toEqual(notes);
        }
    });

    test("are not taken for done where the server holds another stub in the end", async () => {
        vi.mocked(outdatedIn).mockResolvedValue(["upstream_db"]);
        const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
        expect((await run(PLAIN)).errors).toEqual([]);
        expect(warn.mock.calls.flat()).toEqual([
            'The server holds another stub than Pulumi\'s state says: "upstream_db". Run `pulumi up` once more: it makes the server anew.',
        ]);
        warn.mockRestore();
        expect(vi.mocked(writeNote).mock.calls.map(([, note]) => note)).toEqual([{ stubs: null }]);
    });

    test("differ in the generation when the server has lost something", async () => {
        const first = await run(PLAIN);
        const labels = Object.fromEntries(
            Object.entries(labelsOf(only(first.resources, "Container"))).map(([k, v]) => [k, String(v)]),
        );
        engine.containers.push(container({ name: NAME, networks: [NAME], labels }));
        vi.mocked(missingFrom).mockResolvedValue(['the role "svc"']);
        await new Promise((resolve) => setTimeout(resolve, 5));
        const { resources } = await run(PLAIN);
        expect(labelsOf(only(resources, "Container"))[LABEL.generation]).not.toBe(labels[LABEL.generation]);
    });
});

describe("outputs", () => {
    test("are URLs as secrets, and names and the summary in the clear", async () => {
        const { result, errors } = await run({ ...PLAIN, port: 29_877, devUser: "o/neil", devDatabase: "a b" });
        expect(errors).toEqual([]);
        await expect(reveal(result?.devUrl)).resolves.toEqual({
            value: "postgres://o%2Fneil:Generated0Password@127.0.0.1:29877/a%20b?sslmode=disable",
            isSecret: true,
        });
        await expect(reveal(result?.networkDevUrl)).resolves.toEqual({
            value: `postgres://o%2Fneil:Generated0Password@${NAME}:5432/a%20b?sslmode=disable`,
            isSecret: true,
        });
        await expect(reveal(result?.maintenanceUrl)).resolves.toEqual({
            value: "postgres://o%2Fneil:Generated0Password@127.0.0.1:29877/fdw_stub?sslmode=disable",
            isSecret: true,
        });
        await expect(reveal(result?.containerName)).resolves.toEqual({ value: NAME, isSecret: false });
        await expect(reveal(result?.networkName)).resolves.toEqual({ value: NAME, isSecret: false });
        await expect(reveal(result?.stubs)).resolves.toEqual({ value: SUMMARY, isSecret: false });
    });

    test("have the summary read from the server, as the superuser", async () => {
        await run({ ...PLAIN, port: 29_878 });
        expect(vi.mocked(summarize).mock.calls).toEqual([
            [
                { host: "127.0.0.1", port: 29_878, user: "postgres", password: "Generated0Password" },
                ["upstream_db"],
                [extensionName("upstream_db")],
            ],
        ]);
    });

    test("are unknown in a preview of what is not there yet, and nothing is asked of a server", async () => {
        const { errors } = await run(PLAIN, true);
        expect(errors).toEqual([]);
        expect(vi.mocked(summarize)).not.toHaveBeenCalled();
    });
});

describe("mistakes", () => {
    const upstream = UPSTREAM;
    const table = { name: "t", columns: [{ name: "c", type: "int); DROP TABLE x; --" }] };

    test.each<[string, FdwStubDevDatabaseArgs, string | RegExp]>([
        [
            "no upstream",
            { upstreams: [] },
            "The configuration cannot be used: upstreams: no upstream is declared; give at least one, with its host and database, or set schema to the files of your schema, from which they are derived.",
        ],
        [
            "a bad host",
            { upstreams: [{ ...upstream, host: pulumi.output("a b") }] },
            /^The configuration cannot be used: upstreams\[0\]\.host: the host "a b" is no host name; allowed/,
        ],
        [
            "a bad port",
            { ...PLAIN, port: 70_000 },
            "The configuration cannot be used: port: the port 70000 is no TCP port; allowed are whole numbers from 1 to 65535.",
        ],
        [
            "a bad type",
            { upstreams: [{ ...upstream, tables: [table] }] },
            /^upstreams\[0\]\.tables\[0\]: the type "int\); DROP/,
        ],
        [
            "bad DDL",
            { upstreams: [{ ...upstream, ddl: "SELECT 1;\nSELEC" }] },
            'upstreams[0].ddl:2: syntax error at or near "SELEC". The line reads: SELEC',
        ],
        [
            "a missing file",
            { upstreams: [{ ...upstream, ddlFiles: ["missing.sql"] }] },
            /^The configuration cannot be used: upstreams\[0\]\.ddlFiles: the file "missing\.sql" cannot be read \(ENOENT/,
        ],
        [
            "a missing file of rows",
            { upstreams: [{ ...upstream, seed: ["missing.csv"] }] },
            /^The configuration cannot be used: upstreams\[0\]\.seed: the file "missing\.csv" cannot be read \(ENOENT/,
        ],
        [
            "contradicting tables",
            {
                upstreams: [
                    { ...upstream, tables: [{ name: "t", columns: [{ name: "c", type: "int" }] }] },
                    { ...upstream, host: "b", tables: [{ name: "t" }] },
                ],
            },
            /^The upstreams contradict each other: upstreams\[0\]\.tables\[0\] and upstreams\[1\]\.tables\[0\] declare/,
        ],
        [
            "a dev database called like an upstream's",
            { ...PLAIN, devDatabase: "upstream_db" },
            /both called "upstream_db", but the dev database must stay empty/,
        ],
        ["an image that is none", { ...PLAIN, image: "Not An Image" }, /^"Not An Image" is not an image reference/],
        [
            "contradicting passwords",
            { upstreams: [upstream, { ...upstream, users: [{ name: "svc", password: pulumi.secret("other-one") }] }] },
            'The upstreams give the user "svc" different passwords. Roles belong to the whole server: give them the same, or use two names.',
        ],
        [
            "an empty password",
            { upstreams: [{ ...upstream, users: [{ name: "svc", password: pulumi.secret("") }] }] },
            'The password of the user "svc" is empty. Give one, or leave it out.',
        ],
    ])("%s: one error, and nothing is made", async (_, args, message) => {
        const { resources, errors } = await run(args);
        expect(errors).toHaveLength(1);
        const [error] = errors;
        // Anything else Pulumi would print with a stack trace.
        expect(pulumi.RunError.isInstance(error)).toBe(true);
        const text = error instanceof Error ? error.message : "";
        if (typeof message === "string") {
            expect(text).toBe(message);
        } else {
            expect(text).toMatch(message);
        }
        expect(text).not.toMatch(/hunter2|other-one/);
        expect(listed(resources).filter((one) => one !== "FdwStubDevDatabase db")).toEqual([]);
        expect(engine.changes).toEqual([]);
    });

    test.each<[string, () => void, RegExp]>([
        [
            "somebody else's container has the name",
            () => engine.containers.push(container({ name: NAME })),
            /^A container called .* exists that this stack did not make\. Remove it \(docker rm -f .*\), or rename it\.$/,
        ],
        [
            "the standalone runner made the stack",
            () =>
                engine.containers.push(
                    container({ name: NAME, labels: { ...identityLabels(IDENTITY), [LABEL.madeBy]: "standalone" } }),
                ),
            /^The stack "dev" was made by the standalone runner, not by pulumi\. Remove it first: npx fdw-stub down --stack dev$/,
        ],
        [
            "somebody else's network has the name",
            () => engine.networks.push({ id: "n", name: NAME, labels: {} }),
            /^A network called .* exists that this stack did not make\. Remove it: docker network rm /,
        ],
        [
            "the image is not PostgreSQL",
            () => engine.images.set("postgres:18", ["PATH=/bin"]),
            /^The image "postgres:18" has no PostgreSQL in it/,
        ],
        [
            "the image is too old",
            () => engine.images.set("postgres:18", ["PG_MAJOR=9.6"]),
            /has PostgreSQL 9\.6; 14 or newer/,
        ],
        [
            "Docker is down",
            () => vi.stubEnv("DOCKER_HOST", "unix:///nonexistent/docker.sock"),
            /^Docker cannot be reached at unix:\/\/\/nonexistent\/docker\.sock \(from DOCKER_HOST\): .*Start Docker/,
        ],
        [
            "the Docker context does not exist",
            () => {
                vi.stubEnv("DOCKER_HOST", "");
                vi.stubEnv("DOCKER_CONTEXT", "gone");
            },
            /^The Docker context "gone" does not exist\./,
        ],
    ])("%s: one error, and nothing is made", async (_, prepare, message) => {
        prepare();
        for (const isPreview of [true, false]) {
            const { resources, errors } = await run(PLAIN, isPreview);
            expect(errors).toHaveLength(1);
            const [error] = errors;
            expect(pulumi.RunError.isInstance(error)).toBe(true);
            expect(error instanceof Error ? error.message : "").toMatch(message);
            expect(listed(resources)).toEqual(["FdwStubDevDatabase db"]);
        }
        expect(engine.changes).toEqual([]);
    });

    test("an image that turns out too old after it was pulled stops before the container", async () => {
        engine.images.delete("postgres:18");
        engine.images.set("sha256:pulled", ["PG_MAJOR=13"]);
        const { resources, errors } = await run(PLAIN);
        expect(errors).toHaveLength(1);
        expect(errors[0]).toMatchObject({
            message: expect.stringMatching(/^The image "postgres:18" has PostgreSQL 13; 14/),
        });
        expect(listed(resources)).not.toContain("Container db");
    });
});
