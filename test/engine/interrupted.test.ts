import type Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findContainer, findNetwork } from "../../docker/server";
import { Checkout, NOTHING } from "./support/checkout";
import { describeEngine, TEST_TIMEOUT_MS } from "./support/cli";
import { EngineStack } from "./support/engine-stack";
import { EXAMPLE, expectExampleToWork } from "./support/example";
import { connected, rows } from "./support/scenario";

/** What a run must have come to when it is killed, given the container that was there before it. */
type Moment = (docker: Docker, name: string, before: string | undefined) => Promise<boolean>;

const newContainer: Moment = async (docker, name, before) => {
    const container = await findContainer(docker, name);
    return container !== undefined && container.id !== before;
};

/** The new container's server answers a query with a row. */
function newServerSays(sql: string): Moment {
    return async (docker, name, before) =>
        (await findContainer(docker, name))?.id !== before && (await serverSays(sql)(docker, name, before));
}

/** The server, whether it is a new one or not, answers a query with a row. */
function serverSays(sql: string): Moment {
    return async (docker, name) => {
        const container = await findContainer(docker, name);
        if (container?.hostPort === undefined) {
            return false;
        }
        const { user, password, hostPort } = container;
        const url = `postgres://${user}:${password}@127.0.0.1:${hostPort}/postgres?sslmode=disable`;
        try {
            return await connected(url, async (client) => (await client.query(sql)).rows.length > 0);
        } catch {
            return false;
        }
    };
}

/** Moments of an `up`, in the order in which they come. */
const MOMENTS: Readonly<Record<string, Moment>> = {
    "the network is there": async (docker, name) => (await findNetwork(docker, name)) !== undefined,
    "the container is there": newContainer,
    "the server answers": newServerSays("SELECT 1"),
    "the role is there": newServerSays("SELECT FROM pg_roles WHERE rolname = 'app'"),
    "the stub database is there": newServerSays("SELECT FROM pg_database WHERE datname = 'upstream_db'"),
    "the dev database is there": newServerSays("SELECT FROM pg_database WHERE datname = 'dev'"),
};

describeEngine("an up that was killed", () => {
    let checkout: Checkout;
    let stack: EngineStack;

    beforeAll(async () => {
        checkout = await Checkout.create();
        stack = await EngineStack.create(checkout);
        await stack.configure(EXAMPLE);
    }, TEST_TIMEOUT_MS);

    afterAll(async () => {
        await checkout?.remove();
    }, TEST_TIMEOUT_MS);

    async function killed(moment: Moment, whom: "the CLI alone" | "all its processes"): Promise<void> {
        const before = await stack.containerIfThere();
        const { signal, printed } = await stack.upKilledWhen(
            (docker) => moment(docker, stack.objectName, before?.id),
            whom,
        );
        expect(signal, printed).toBe("SIGKILL");
        await stack.cancel();
    }

    async function heals(): Promise<void> {
        const { outputs } = await stack.up();
        await expectExampleToWork(outputs.devUrl);
    }

    // Each run starts from what the one before it left, and gets further.
    test.each(Object.entries(MOMENTS))("killed when %s", async (_, moment) => {
        await killed(moment, "all its processes");
    });

    test("after all that, one plain up gives a working stack", async () => {
        await heals();
    });

    test("a replacement killed when the old container is gone: one plain up heals it", async () => {
        await stack.configure({ ...EXAMPLE, settings: { work_mem: "13MB" } });
        const gone: Moment = async (docker, name, before) => (await findContainer(docker, name))?.id !== before;
        await killed(gone, "all its processes");
        await heals();
    });

    test("killed alone, while its providers work on: one plain up heals it", async () => {
        await stack.configure(EXAMPLE);
        await killed(newContainer, "the CLI alone");
        await heals();
    });

    test("a stub made anew, and killed: one plain up heals it, the first stub or the new one", async () => {
        const oid = "SELECT oid FROM pg_database WHERE datname = 'upstream_db'";
        const upstreams = (EXAMPLE.upstreams ?? []).map((upstream) => ({
            ...upstream,
            ddl: "CREATE VIEW v AS SELECT 1",
        }));
        for (const then of [EXAMPLE, { ...EXAMPLE, upstreams }]) {
            const { outputs } = await stack.up();
            const [before] = await rows(outputs.devUrl, oid);
            await stack.configure({ ...EXAMPLE, upstreams });
            await killed(serverSays(`${oid} AND oid <> ${before?.oid}`), "all its processes");
            await stack.configure(then);
            await heals();
            expect(Object.keys((await stack.up()).changes)).toEqual(["same"]);
            await stack.configure(EXAMPLE);
        }
    });

    test("a replacement killed when the new server has its role: destroy works", async () => {
        await stack.configure({ ...EXAMPLE, settings: { work_mem: "13MB" } });
        await killed(newServerSays("SELECT FROM pg_roles WHERE rolname = 'app'"), "all its processes");
        await stack.destroy();
        await expect(stack.resourceTypes()).resolves.toEqual([]);
        await expect(checkout.leftovers()).resolves.toEqual(NOTHING);
    });
});
