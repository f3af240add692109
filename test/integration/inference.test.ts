/**
 * Every example schema end to end: its upstreams are derived, stubs are made of them on a fresh server, and the schema
 * runs to its end with nothing written by hand.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inferUpstreams } from "../../schema";
import { exampleNames, expectationOf, inputOf } from "../unit/schema/examples";
import { DEV_DATABASE, DevServer, imageHere, removeServers } from "./inference-server";

let image: string | undefined;

beforeAll(async () => {
    image = await imageHere();
});

afterAll(removeServers);

describe.concurrent("example schemas on a server", { timeout: 180_000 }, () => {
    test.for(exampleNames())("%s runs to its end", async (name, { skip }) => {
        if (image === undefined) {
            return skip("no image of PostgreSQL 18 is here");
        }
        const inference = await inferUpstreams(inputOf(name));
        const codes = inference.findings.filter(({ severity }) => severity === "error").map(({ code }) => code);
        expect(codes).toEqual(expectationOf(name).errors);
        const server = await DevServer.start(image, inference);
        await server.run(inference);
        const client = await server.connect(DEV_DATABASE);
        const { rows } = await client.query<{ relations: number }>(
            "SELECT count(*)::int AS relations FROM pg_class WHERE relkind IN ('f', 'm', 'v', 'r') AND oid >= 16384",
        );
        await client.end();
        expect(rows[0]?.relations).toBeGreaterThan(0);
    });
});

test("without its stubs' tables a schema fails, so the tests above can fail", { timeout: 180_000 }, async ({
    skip,
}) => {
    if (image === undefined) {
        return skip("no image of PostgreSQL 18 is here");
    }
    const inference = await inferUpstreams(inputOf("basic-matview"));
    const upstreams = inference.upstreams.map((upstream) => ({ ...upstream, tables: [] }));
    const server = await DevServer.start(image, { ...inference, upstreams });
    await expect(server.run(inference)).rejects.toThrow(/relation "public.events" does not exist/);
});
