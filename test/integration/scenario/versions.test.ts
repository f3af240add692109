import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../../../docker/client";
import { chooseImage, inspectImage } from "../../../docker/image";
import type { ConfigurationInput } from "../../../upstreams/parse";
import { contentOfDev, readThroughAsNobody, rows } from "../../engine/support/scenario";
import { Checkout, NOTHING } from "../support/checkout";

const CONFIGURATION: ConfigurationInput = {
    upstreams: [
        {
            host: "upstream_db",
            port: 5433,
            database: "upstream_db",
            users: [{ name: "app", password: "secret" }],
            extensions: ["citext"],
            ddlFiles: ["schema.sql"],
            tables: [{ name: "events", columns: [{ name: "id", type: "bigint" }], rows: [{ id: 1 }] }],
        },
    ],
};

/** What every supported version understands. */
const SCHEMA = `
CREATE TYPE mood AS ENUM ('fine');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE people (id int GENERATED ALWAYS AS IDENTITY, m mood, n positive, mail citext, t int GENERATED ALWAYS AS (n + 1) STORED);
INSERT INTO people (m, n, mail) VALUES ('fine', 1, 'A@b');
`;

/** PostgreSQL 18 is what all other tests run on. */
describe.each([14, 15, 16, 17])("PostgreSQL %d", (major) => {
    const image = `postgres:${major}`;
    let missing: string | undefined;
    let checkout: Checkout | undefined;

    beforeAll(async () => {
        const docker = await connectDocker();
        const { reference } = await chooseImage(docker, image);
        if ((await inspectImage(docker, reference)) === undefined) {
            missing = `there is no image ${image} on this machine; docker pull ${image} brings it`;
            console.warn(`Skipped: PostgreSQL ${major}: ${missing}`);
            return;
        }
        checkout = await Checkout.create({ ...CONFIGURATION, image });
        checkout.write("schema.sql", SCHEMA);
    });

    afterAll(async () => {
        await checkout?.remove();
    });

    beforeEach((context) => {
        if (missing !== undefined) {
            context.skip(missing);
        }
    });

    test("the whole way from up to down", async () => {
        if (checkout === undefined) {
            throw new Error("There is no checkout.");
        }
        const url = await checkout.up();
        const [version] = await rows(url, "SELECT current_setting('server_version_num')::int / 10000 AS major");
        expect(version).toEqual({ major });
        const upstream = { host: "upstream_db", port: 5433, database: "upstream_db", user: "app", password: "secret" };
        await expect(
            readThroughAsNobody(url, { ...upstream, table: "events", columns: { id: "bigint" } }),
        ).resolves.toEqual([{ id: "1" }]);
        await expect(
            readThroughAsNobody(url, {
                ...upstream,
                table: "people",
                columns: { id: "int", m: "text", mail: "text", t: "int" },
            }),
        ).resolves.toEqual([{ id: 1, m: "fine", mail: "A@b", t: 2 }]);
        await expect(contentOfDev(url)).resolves.toEqual([]);
        expect((await checkout.succeed(["up"])).stdout).toContain("unchanged");
        const doctor = await checkout.succeed(["doctor"]);
        expect(doctor.stdout).toContain("ok   upstream upstream_db:5433/upstream_db: answers");
        await checkout.succeed(["down"]);
        await expect(checkout.objects()).resolves.toEqual(NOTHING);
    });
});
