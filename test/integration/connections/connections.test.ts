import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { declareUpstream } from "../../../components/derive";
import { LABEL } from "../../../docker/labels";
import { connectionNeeds, connectionUpstreams, type Options } from "../../../upstreams/connection";
import type { Upstream } from "../../../upstreams/model";
import { quoteIdent, quoteLiteral } from "../../../upstreams/quote";
import { connected, contentOfDev, inScratch, rows } from "../../engine/support/scenario";
import { Checkout } from "../support/checkout";
import { ADDRESSES, type Runner, SOCKETS, TLS, type Twin, USERS } from "./rows";
import { runScene } from "./run-scene";
import { DBLINK, EXTENSIONS, LOOPBACK, type Scene, SHARDS, SUBSCRIPTIONS, WRITING } from "./scenes";

const SHARED = "shared";

/** Every row has a table of its own, with one row that tells which it is. */
const ROWS = [...TLS, ...ADDRESSES, ...SOCKETS, ...USERS].map((row, n) => ({
    ...row,
    n,
    server:
        row.apart !== true
            ? { ...row.server, dbname: SHARED }
            : row.server.service === undefined
              ? { ...row.server, dbname: `row_${n}` }
              : row.server,
}));

function upstreamsOf({ server, mapping, before, n }: (typeof ROWS)[number]): Upstream[] {
    const table = { schema: "public", name: `place_${n}`, columns: [{ name: "n", type: "int" }], rows: [{ n }] };
    return connectionUpstreams(connectionNeeds(server, mapping)).map((upstream) => ({
        ...upstream,
        users: before === undefined ? upstream.users : upstream.users.map(({ name }) => ({ name, created: true })),
        // Otherwise their different tables would make a stub of each.
        stub: upstream.database,
        tables: [table],
    }));
}

const SCENES = [...SHARDS, ...LOOPBACK, ...EXTENSIONS, ...DBLINK, ...WRITING];

let checkout: Checkout;
let url: string;

beforeAll(async () => {
    const upstreams = [...ROWS.flatMap(upstreamsOf), ...SCENES.flatMap((scene) => scene.upstreams), ...SUBSCRIPTIONS];
    checkout = await Checkout.create({ upstreams: upstreams.map(declareUpstream) });
    url = await checkout.up();
    // A CA that is not the stack's.
    const server = checkout.docker.getContainer(checkout.objectName());
    const exec = await server.exec({
        Cmd: [
            "sh",
            "-c",
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=other -days 2 -keyout /tmp/other.key -out /etc/ssl/certs/other-ca.pem",
        ],
    });
    await exec.start({});
    for (let tries = 0; (await exec.inspect()).Running && tries < 100; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
});

afterAll(async () => {
    await checkout?.remove();
});

function listed(options: Readonly<Record<string, string | undefined>>): string {
    const pairs = Object.entries(options).flatMap(([name, value]) =>
        value === undefined ? [] : [`${quoteIdent(name)} ${quoteLiteral(value)}`],
    );
    return pairs.length === 0 ? "" : `OPTIONS (${pairs.join(", ")})`;
}

/** From CREATE SERVER to a filled materialized view, and back. */
async function fill(
    server: Readonly<Record<string, string | undefined>>,
    mapping: Readonly<Record<string, string | undefined>>,
    as: Runner,
    { before, mappedTo = "CURRENT_USER", n }: (typeof ROWS)[number],
): Promise<unknown> {
    return connected(url, async (client) => {
        const table = `place_${n}`;
        const role = quoteIdent(`nobody_${randomBytes(6).toString("hex")}`);
        if (before !== undefined) {
            // Another session logs in as it, so it must be there already.
            await client.query(before);
        }
        await client.query("BEGIN");
        try {
            await client.query(
                `CREATE EXTENSION postgres_fdw; CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw ${listed(server)}`,
            );
            if (as === "nobody") {
                await client.query(`CREATE ROLE ${role}; GRANT USAGE ON FOREIGN SERVER upstream TO ${role};
                    GRANT CREATE, USAGE ON SCHEMA public TO ${role}`);
            }
            await client.query(
                `CREATE USER MAPPING FOR ${mappedTo === "CURRENT_USER" && as === "nobody" ? role : mappedTo} SERVER upstream ${listed(mapping)}`,
            );
            if (as === "nobody") {
                await client.query(`SET ROLE ${role}`);
            }
            await client.query(
                `CREATE FOREIGN TABLE place (n int) SERVER upstream OPTIONS (schema_name 'public', table_name ${quoteLiteral(table)})`,
            );
            await client.query("CREATE MATERIALIZED VIEW seen AS SELECT * FROM place WITH DATA");
            return (await client.query<{ n: number }>("SELECT n FROM seen")).rows;
        } finally {
            await client.query("ROLLBACK");
            if (before !== undefined) {
                await client.query("DROP ROLE created");
            }
        }
    });
}

describe.each(ROWS)("$name", (row) => {
    const { n, server, mapping, as = "superuser", twins } = row;

    test("is answered", async () => {
        await expect(fill(server, mapping, as, row)).resolves.toEqual([{ n }]);
    });

    test.each(twins.map((twin): [string, Twin] => [twin.name, twin]))("not so with %s", async (_, twin) => {
        const changed = (options: Options, by: Twin["server"] = {}) => ({ ...options, ...by });
        await expect(
            fill(changed(server, twin.server), changed(mapping, twin.mapping), twin.as ?? as, row),
        ).rejects.toThrow(twin.error);
    });
});

describe("a scene", () => {
    test.each(SCENES.map((scene): [string, Scene] => [scene.name, scene]))("%s", async (_, scene) => {
        await runScene(url, scene);
    });
});

describe("a subscription", () => {
    test.each([
        ["host=publisher.test dbname=published user=reader password=right", 'p, "Q r"'],
        [
            "host=publisher-tls.test dbname=published_tls user=reader password=right sslmode=verify-full channel_binding=require",
            "p",
        ],
    ])("to %s is made, refreshed and dropped", async (conninfo, publications) => {
        const left = await inScratch(url, async (client) => {
            await client.query(`CREATE SUBSCRIPTION s CONNECTION '${conninfo}' PUBLICATION ${publications}`);
            await client.query("ALTER SUBSCRIPTION s REFRESH PUBLICATION");
            await client.query("DROP SUBSCRIPTION s");
            return (await client.query("SELECT slot_name FROM pg_replication_slots")).rows;
        });
        expect(left).toEqual([]);
    });

    test("with a wrong password is refused as by a publisher", async () => {
        await expect(
            inScratch(url, (client) =>
                client.query(
                    "CREATE SUBSCRIPTION s CONNECTION 'host=publisher.test dbname=published user=reader password=wrong' PUBLICATION p",
                ),
            ),
        ).rejects.toThrow(/password authentication failed for user "reader"/);
    });

    test("keeps no database that was handed out from being dropped", async () => {
        const maintenance = url.replace(/\/dev\?/, "/fdw_stub?");
        const [fresh] = await rows(maintenance, "SELECT fdw_stub.fresh_database() AS name");
        const name = String(fresh?.name);
        await rows(
            url,
            "CREATE SUBSCRIPTION s CONNECTION 'host=publisher.test dbname=published user=reader password=right' PUBLICATION p",
            name,
        );
        await rows(maintenance, `SELECT fdw_stub.drop_database('${name}')`);
        await expect
            .poll(() => rows(maintenance, `SELECT 1 FROM pg_database WHERE datname = '${name}'`), { timeout: 20_000 })
            .toEqual([]);
    });
});

test("doctor asks every upstream with the schema's options, and all answer", async () => {
    const { stdout } = await checkout.run(["doctor"]);
    const lines = stdout.split("\n").filter((line) => line.includes(" upstream "));
    expect(lines.filter((line) => !line.startsWith("ok "))).toEqual([]);
    expect(lines.length).toBeGreaterThan(ROWS.length);
    expect(stdout).toContain('with sslmode "verify-full", sslrootcert "/rdsdbdata/rds-metadata/ca-cert.pem": answers');
    expect(stdout).not.toContain("right");
});

test("the dev database stays empty", async () => {
    await expect(contentOfDev(url)).resolves.toEqual([]);
});

describe("an image without openssl", () => {
    let plain: Checkout;

    beforeAll(async () => {
        const { imageId } = await checkout.server();
        plain = await Checkout.create();
        const container = await plain.docker.createContainer({
            Image: imageId,
            Entrypoint: ["rm", "/usr/bin/openssl"],
            Labels: { [LABEL.directory]: plain.directory },
        });
        await container.start();
        await container.wait();
        await container.commit({
            repo: "fdw-stub-test/without-openssl",
            tag: "18",
            changes: 'ENTRYPOINT ["docker-entrypoint.sh"]\nCMD ["postgres"]',
        });
        plain.alsoRemove(() => plain.docker.getImage("fdw-stub-test/without-openssl:18").remove({ force: true }));
    });

    afterAll(async () => {
        await plain?.remove();
    });

    const configuration = (sslmode: string) => ({
        image: "fdw-stub-test/without-openssl:18",
        upstreams: [{ host: "db.test", database: "d", connections: [{ sslmode }] }],
    });

    test("is refused by name where an upstream demands TLS", async () => {
        plain.configure(configuration("require"));
        const { code, stderr } = await plain.run(["up"]);
        expect(stderr).toContain("an upstream is asked for TLS, which needs openssl in the image");
        expect(code).toBe(1);
    });

    test("serves where none does", async () => {
        plain.configure(configuration("prefer"));
        const [row] = await rows(await plain.up(), "SHOW ssl");
        expect(row).toEqual({ ssl: "off" });
    });
});
