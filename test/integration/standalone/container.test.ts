import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseImage } from "../../../docker/image";
import { Checkout, EVENTS, NOTHING } from "../support/checkout";
import { REPOSITORY } from "../support/package-files";

const LIMIT_MS = 120_000;

/**
 * A job in a container beside Docker, whose socket it has: as CI systems and devcontainers run them. The image is the
 * server's own, because every machine that runs these tests has it; Node is this machine's.
 */
describe("in a container beside Docker", () => {
    let checkout: Checkout;
    let image: string;

    beforeAll(async () => {
        checkout = await Checkout.create(EVENTS);
        image = (await chooseImage(checkout.docker, "postgres:18")).reference;
    }, LIMIT_MS);

    afterAll(async () => {
        await checkout?.remove();
    }, LIMIT_MS);

    /** Runs a shell script in a new container; `fdw-stub` in it is the checkout's. */
    async function job(script: string): Promise<string> {
        const node = process.execPath;
        const shared = [REPOSITORY, checkout.directory].flatMap((folder) => ["--volume", `${folder}:${folder}`]);
        const { stdout } = await promisify(execFile)(
            "docker",
            [
                ...["run", "--rm", "--workdir", checkout.directory, "--entrypoint", "sh"],
                ...[
                    "--volume",
                    "/var/run/docker.sock:/var/run/docker.sock",
                    "--volume",
                    `${node}:/usr/local/bin/node:ro`,
                ],
                ...shared,
                image,
                "-euc",
                `fdw_stub() { node ${checkout.directory}/bin/fdw-stub.js "$@"; }; ${script}`,
            ],
            { timeout: LIMIT_MS },
        );
        return stdout;
    }

    test(
        "a job brings the stack up and uses it",
        async () => {
            const out = await job(`fdw_stub up --ask
            psql -At "$(fdw_stub url)" -c "SELECT 'dev is ' || current_database()"
            fdw_stub run -- sh -c 'psql -At "$DEV_URL" -c "SELECT 1 AS fresh"'`);
            expect(out).toMatch(/answers through a foreign server \(1 table\)/);
            expect(out).toContain("dev is dev");
            const { name } = await checkout.server();
            expect((await job("fdw_stub url")).trim()).toMatch(new RegExp(`@${name}:5432/dev\\?sslmode=disable$`));
        },
        LIMIT_MS,
    );

    test(
        "another job, and a command outside, find the same stack",
        async () => {
            const { id } = await checkout.server();
            expect(await job("fdw_stub up; fdw_stub doctor")).toMatch(/is up, unchanged/);
            await checkout.succeed(["up"]);
            expect((await checkout.server()).id).toBe(id);
            const [network, here] = [await checkout.succeed(["url", "--network"]), await checkout.url()];
            expect((await job("fdw_stub url")).trim()).toBe(network.stdout.trim());
            expect(here).toContain("@127.0.0.1:");
        },
        LIMIT_MS,
    );

    test(
        "a job takes it down, though it is in its network",
        async () => {
            expect(await job("fdw_stub url > /dev/null; fdw_stub down")).toMatch(/network /);
            await expect(checkout.objects()).resolves.toEqual(NOTHING);
        },
        LIMIT_MS,
    );
});

test("a DOCKER_HOST without a scheme is refused, with how to write it", async () => {
    const checkout = await Checkout.create(EVENTS);
    try {
        await expect(checkout.run(["up"], { env: { DOCKER_HOST: "/var/run/docker.sock" } })).resolves.toMatchObject({
            code: 1,
            stderr: 'fdw-stub: DOCKER_HOST is "/var/run/docker.sock", a path without a scheme. Write it as an address: unix:///var/run/docker.sock\n',
        });
    } finally {
        await checkout.remove();
    }
});
