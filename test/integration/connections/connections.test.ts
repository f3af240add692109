import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { declareUpstream } from "../../../components/derive";
import { connectionNeeds, connectionUpstreams, type Options } from "../../../upstreams/connection";
import type { Upstream } from "../../../upstreams/model";
import { quoteIdent, quoteLiteral } from "../../../upstreams/quote";
import { connected, contentOfDev } from "../../engine/support/scenario";
import { Checkout } from "../support/checkout";
import { ADDRESSES, type Runner, SOCKETS, TLS, type Twin, USERS } from "./rows";

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

let checkout: Checkout;
let url: string;

beforeAll(async () => {
    checkout = await Checkout.create({ upstreams: ROWS.flatMap(upstreamsOf).map(declareUpstream) });
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

test("the dev database stays empty", async () => {
    await expect(contentOfDev(url)).resolves.toEqual([]);
});
