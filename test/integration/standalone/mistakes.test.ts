import { once } from "node:events";
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { identityLabels, LABEL } from "../../../docker/labels";
import { tarOf } from "../../../docker/tar";
import { readThrough } from "../../engine/support/scenario";
import { Checkout, EVENTS, NOTHING, type Run } from "../support/checkout";

const EVENTS_TABLE = { name: "events", columns: [{ name: "id", type: "bigint" }] };

/** A configuration with one upstream that has these properties besides its database. */
const upstream = (properties: Readonly<Record<string, unknown>>) => ({
    upstreams: [{ host: "upstream_db", database: "upstream_db", ...properties }],
});

/** One clear message on stderr, no stack trace, nothing on stdout. */
function expectOneError(run: Run, message: RegExp): void {
    expect(run.stderr).toMatch(message);
    expect(run.stderr.match(/^fdw-stub: /gm)).toHaveLength(1);
    expect(run.stderr).not.toMatch(/^\s+at /m);
    expect(run.stdout).toBe("");
    expect(run.code).toBe(1);
}

describe("a mistake, while a stack runs,", () => {
    let checkout: Checkout;
    let id: string;

    beforeAll(async () => {
        checkout = await Checkout.create(EVENTS);
        await checkout.up();
        id = (await checkout.server()).id;
        for (const [tag, changes] of [
            ["none", []],
            ["old", ["ENV PG_MAJOR=13"]],
        ] as const) {
            const archive = await tarOf([{ file: "/empty", content: "", executable: false }]);
            const { docker } = checkout;
            const stream = Readable.from([archive]);
            await text(await docker.importImage(stream, { repo: "fdw-stub-test", tag, changes: [...changes] }));
            checkout.alsoRemove(() => docker.getImage(`fdw-stub-test:${tag}`).remove());
        }
    });

    afterAll(async () => {
        await checkout?.remove();
    });

    /** Runs `up`, which must end in one error and leave the running stack alone. */
    async function upRefused(message: RegExp, args: readonly string[] = [], env = {}): Promise<void> {
        expectOneError(await checkout.run(["up", ...args], { env }), message);
        const name = checkout.objectName();
        await expect(checkout.objects()).resolves.toEqual({ containers: [name], networks: [name], volumes: [name] });
        await expect(checkout.server()).resolves.toMatchObject({ id, running: true });
    }

    test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
        [
            "an unknown key",
            { ...EVENTS, imagee: "x" },
            /fdw-stub:imagee is unknown; known are upstreams, .*\bimage\b.*Check the spelling/,
        ],
        [
            "an unknown key in an upstream",
            upstream({ dbname: "x" }),
            /upstreams\[0\]: unknown key "dbname"\. Known keys: host, port, database/,
        ],
        ["no upstream at all", {}, /no upstream is declared/],
        ["no upstream in the list", { upstreams: [] }, /no upstream is declared/],
        [
            "a host that is none",
            upstream({ host: "my host" }),
            /upstreams\[0\]\.host: the host "my host" is no host name/,
        ],
        ["half an address as host", upstream({ host: "10.0.1" }), /"10\.0\.1" is no whole IPv4 address/],
        ["a port that is none", upstream({ port: 70000 }), /upstreams\[0\]\.port: the port 70000 is no TCP port/],
        [
            "a name that is too long",
            upstream({ database: "é".repeat(32) }),
            /has 64 bytes; PostgreSQL keeps at most 63/,
        ],
        [
            "a reserved role",
            upstream({ users: [{ name: "pg_monitor" }] }),
            /begins with "pg_", which PostgreSQL reserves/,
        ],
        [
            "the dev database as an upstream's",
            upstream({ host: "localhost", database: "dev" }),
            /the dev database and an upstream's database are both called "dev"/,
        ],
        [
            "a type that is none",
            upstream({ tables: [{ name: "t", columns: [{ name: "a", type: "bigint; DROP TABLE x" }] }] }),
            /upstreams\[0\]\.tables\[0\].*the type "bigint; DROP TABLE x" of column "a"/,
        ],
        [
            "tables that contradict each other",
            {
                upstreams: [
                    { host: "a", database: "x", tables: [EVENTS_TABLE] },
                    {
                        host: "a",
                        database: "x",
                        tables: [{ ...EVENTS_TABLE, columns: [{ name: "id", type: "text" }] }],
                    },
                ],
            },
            /upstreams\[0\]\.tables\[0\] and upstreams\[1\]\.tables\[0\] declare "public"\."events" of the same database with different columns/,
        ],
        [
            "two passwords of one user",
            {
                upstreams: [
                    { host: "a", database: "x", users: [{ name: "u", password: "one" }] },
                    { host: "b", database: "y", users: [{ name: "u", password: "two" }] },
                ],
            },
            /upstreams\[0\]\.users\[0\] and upstreams\[1\]\.users\[0\] give the user "u" different passwords/,
        ],
        [
            "a setting of the stack's own",
            { ...EVENTS, settings: { hba_file: "/x" } },
            /"hba_file" belongs to the stack/,
        ],
        [
            "a dev user that initdb cannot take",
            { ...EVENTS, devUser: "o'neill" },
            /devUser: the dev user "o'neill" holds one of " \$ ' \\, which PostgreSQL takes from no owner of an extension/,
        ],
        [
            "a setting that PostgreSQL does not start with",
            { ...EVENTS, settings: { shared_buffers: "plenty" } },
            /shared_buffers/,
        ],
        [
            "a DDL file that is not there",
            upstream({ ddlFiles: ["missing.sql"] }),
            /upstreams\[0\]\.ddlFiles: the file "missing\.sql" cannot be read/,
        ],
        [
            "a DDL file with a syntax error",
            upstream({ ddlFiles: ["bad.sql"] }),
            /bad\.sql:3: syntax error at or near "TABEL"\. The line reads: CREATE TABEL/,
        ],
        ["a DDL file with COPY", upstream({ ddlFiles: ["copy.sql"] }), /copy\.sql:2: COPY cannot run in a stub/],
        [
            "inline DDL with a syntax error",
            upstream({ ddl: "SELECT 1;\nSELEC 2;" }),
            /upstreams\[0\]\.ddl:2: syntax error/,
        ],
        [
            "an image that is no reference",
            { ...EVENTS, image: "Postgres 18" },
            /"Postgres 18" is not an image reference/,
        ],
        [
            "an image without PostgreSQL",
            { ...EVENTS, image: "fdw-stub-test:none" },
            /"fdw-stub-test:none" has no PostgreSQL in it/,
        ],
        [
            "an image that is too old",
            { ...EVENTS, image: "fdw-stub-test:old" },
            /"fdw-stub-test:old" has PostgreSQL 13; 14 or newer is needed/,
        ],
        ["an image of a registry that is not there", { ...EVENTS, image: "127.0.0.1:1/postgres:18" }, /127\.0\.0\.1:1/],
    ])("%s is refused before anything happens", async (_, configuration, message) => {
        checkout.write("bad.sql", "CREATE TABLE a (a int);\n\nCREATE TABEL b ();\n");
        checkout.write("copy.sql", "-- data\nCOPY a FROM '/tmp/x';\n");
        checkout.configure(configuration);
        try {
            await upRefused(message);
        } finally {
            checkout.configure(EVENTS);
        }
    });

    test("a fixed port that another program has", async () => {
        const program = createServer().listen(0, "127.0.0.1");
        await once(program, "listening");
        const address = program.address();
        const port = typeof address === "object" ? (address?.port ?? 0) : 0;
        checkout.configure({ ...EVENTS, port });
        try {
            await upRefused(
                new RegExp(
                    `The port ${port} is in use by another program\\. Set the key port of the configuration to a free one`,
                ),
            );
        } finally {
            program.close();
            checkout.configure(EVENTS);
        }
    });

    test("a fixed port that another container has", async () => {
        const { hostPort } = await checkout.server();
        checkout.configure({ ...EVENTS, port: hostPort }, "second");
        await upRefused(new RegExp(`The port ${hostPort} is in use by the container ${checkout.objectName()}\\.`), [
            "--stack",
            "second",
        ]);
    });

    test("an encrypted value", async () => {
        checkout.write("Pulumi.locked.yaml", "config: { fdw-stub:image: { secure: v1:abcdef } }\n");
        await upRefused(/Pulumi\.locked\.yaml: fdw-stub:image is encrypted/, ["-s", "locked"]);
    });

    test.each([
        ["a stack without a file", ["--stack", "nope"], /Pulumi\.nope\.yaml is missing \(there are: .*\bdev\b.*\)/],
        ["a name that is none", ["--stack", "a/b"], /"a\/b" is no name of a stack/],
        [
            "a folder without a project",
            ["--cwd", "/"],
            /There is no fdw-stub\.yaml, Pulumi\.yaml, package\.json or \.git in \/ or above it/,
        ],
    ])("%s", async (_, args, message) => {
        await upRefused(message, args);
    });

    test("Docker out of reach", async () => {
        await upRefused(/unix:\/\/\/nonexistent\.sock/, [], { DOCKER_HOST: "unix:///nonexistent.sock" });
    });

    test("and the stack still works", async () => {
        const foreign = {
            host: "upstream_db",
            database: "upstream_db",
            user: "postgres",
            table: "events",
            columns: { id: "bigint" },
        };
        await expect(readThrough(await checkout.url(), foreign)).resolves.toEqual([{ id: "1" }]);
        expect((await checkout.succeed(["up"])).stdout).toContain("unchanged");
    });
});

/** What only the server, or the program, can tell is noticed when the old stack is gone already. */
describe("a mistake that shows late", () => {
    let checkout: Checkout;

    beforeAll(async () => {
        checkout = await Checkout.create(EVENTS);
    });

    afterAll(async () => {
        await checkout?.remove();
    });

    test.each<[string, () => void, RegExp]>([
        [
            "DDL that does not run is told by file, line and statement",
            () => {
                checkout.write("late.sql", "CREATE TABLE a (a int);\n\n-- next\nCREATE TABLE b (\n  b nosuchtype);\n");
                checkout.configure(upstream({ ddlFiles: ["late.sql"] }));
            },
            /late\.sql:4: type "nosuchtype" does not exist\. The statement: CREATE TABLE b \(\s+b nosuchtype\)/,
        ],
        [
            "a row of a file that does not fit is told by its line",
            () => {
                checkout.write("rows.csv", 'id,note\n1,"two\nlines"\none,x\n');
                const columns = [
                    { name: "id", type: "bigint" },
                    { name: "note", type: "text" },
                ];
                checkout.configure(upstream({ tables: [{ name: "rows", columns }], seed: "rows.csv" }));
            },
            /rows\.csv:4: invalid input syntax for type bigint: "one"/,
        ],
        [
            "an extension that the image has not",
            () => checkout.configure(upstream({ extensions: ["nosuchextension"] })),
            /nosuchextension/,
        ],
        [
            "a resource that the runner does not know",
            () => {
                checkout.configure(EVENTS);
                checkout.write(
                    "index.ts",
                    'import * as random from "@pulumi/random";\nexport const pet = new random.RandomPet("my-pet").id;\n',
                );
            },
            /the resource "my-pet" of type random:index\/randomPet:RandomPet, which the standalone runner does not know\. Use `pulumi up`/,
        ],
    ])("%s, and nothing stays behind", async (_, make, message) => {
        make();
        expectOneError(await checkout.run(["up"]), message);
        await expect(checkout.objects()).resolves.toEqual(NOTHING);
    });
});

describe("a stack that `pulumi up` made", () => {
    let checkout: Checkout;

    beforeAll(async () => {
        checkout = await Checkout.create(EVENTS);
    });

    afterAll(async () => {
        await checkout?.remove();
    });

    /** Makes objects with the labels that Pulumi's resources have. */
    async function asPulumi(what: "container" | "network" | "volume"): Promise<() => Promise<unknown>> {
        const { docker } = checkout;
        const name = checkout.objectName();
        const Labels = { ...identityLabels(checkout.identity()), [LABEL.madeBy]: "pulumi" };
        switch (what) {
            case "container": {
                const [image] = await docker.listImages({ filters: { label: [LABEL.standIn] } });
                const container = await docker.createContainer({ name, Labels, Image: image?.Id ?? "postgres:18" });
                return () => container.remove({ force: true, v: true });
            }
            case "network": {
                const network = await docker.createNetwork({ Name: name, Labels });
                return () => network.remove();
            }
            case "volume": {
                await docker.createVolume({ Name: name, Labels });
                return () => docker.getVolume(name).remove();
            }
        }
    }

    test.each(["container", "network", "volume"] as const)("is refused by up and down: its %s", async (what) => {
        const message = /The stack "dev" was made by `pulumi up`.*`pulumi destroy --stack dev`/;
        const remove = await asPulumi(what);
        try {
            const before = await checkout.objects();
            expect(before[`${what}s`]).toEqual([checkout.objectName()]);
            expectOneError(await checkout.run(["up"]), message);
            await expect(checkout.objects()).resolves.toEqual(before);
            const down = await checkout.run(["down"]);
            expectOneError(down, message);
            await expect(checkout.objects()).resolves.toEqual(before);
        } finally {
            await remove();
        }
    });

    test.each(["container", "network", "volume"] as const)(
        "a %s of the stack's name that no door made",
        async (what) => {
            const { docker } = checkout;
            const name = checkout.objectName();
            const [image] = await docker.listImages({ filters: { label: [LABEL.standIn] } });
            const remove = {
                container: async () => {
                    const container = await docker.createContainer({ name, Image: image?.Id ?? "postgres:18" });
                    return () => container.remove({ force: true, v: true });
                },
                network: async () => {
                    const network = await docker.createNetwork({ Name: name });
                    return () => network.remove();
                },
                volume: async () => {
                    await docker.createVolume({ Name: name });
                    return () => docker.getVolume(name).remove();
                },
            }[what];
            const undo = await remove();
            try {
                expectOneError(
                    await checkout.run(["up"]),
                    new RegExp(`A ${what} called ${name} exists that this stack did not make`),
                );
                await expect(checkout.objects()).resolves.toEqual(NOTHING);
            } finally {
                // Still there, or this fails.
                await undo();
            }
        },
    );
});
