import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findContainer, findNetwork } from "../../../docker/server";
import { contentOfDev, passwordOf, rows } from "../../engine/support/scenario";
import { Checkout, EVENTS, NOTHING } from "../support/checkout";

let checkout: Checkout;

beforeAll(async () => {
    checkout = await Checkout.create(EVENTS);
    checkout.configure({ ...EVENTS, devDatabase: "other_dev" }, "other");
});

afterAll(async () => {
    await checkout?.remove();
});

describe("an interrupted up", () => {
    const MOMENTS: ReadonlyArray<[string, "SIGINT" | "SIGTERM", () => Promise<boolean>]> = [
        [
            "when the network is there",
            "SIGINT",
            async () => (await findNetwork(checkout.docker, checkout.objectName())) !== undefined,
        ],
        [
            "while the server starts",
            "SIGTERM",
            async () => (await findContainer(checkout.docker, checkout.objectName()))?.running === true,
        ],
    ];

    test.each(MOMENTS)("%s (%s) leaves nothing behind", async (_, signal, moment) => {
        const { process: child, ended } = checkout.start(["up"]);
        while (child.exitCode === null && !(await moment())) {
            await sleep(10);
        }
        expect(child.kill(signal)).toBe(true);
        const { code, stdout, stderr } = await ended;
        expect(stderr).toContain("Interrupted; removing what was begun.");
        expect(stdout).toBe("");
        expect(code).toBe(signal === "SIGINT" ? 130 : 143);
        await expect(checkout.objects()).resolves.toEqual(NOTHING);
    });
});

test("an up that was killed is cleared away by the next command, as soon as its lock is old", async () => {
    const { process: child, ended } = checkout.start(["up"]);
    while (child.exitCode === null && (await findNetwork(checkout.docker, checkout.objectName())) === undefined) {
        await sleep(10);
    }
    expect(child.kill("SIGKILL")).toBe(true);
    expect((await ended).code).toBeNull();
    expect((await checkout.objects()).networks).toEqual([checkout.objectName()]);
    const { stdout } = await checkout.succeed(["down"]);
    expect(stdout).toContain(`network ${checkout.objectName()}`);
    await expect(checkout.objects()).resolves.toEqual(NOTHING);
});

describe("runs and stacks side by side", () => {
    test("of two ups of one stack and one of another, each stack is made once, and all succeed", async () => {
        const all = await Promise.all([
            checkout.succeed(["up"]),
            checkout.succeed(["up", "--stack", "dev"]),
            checkout.succeed(["-s", "other", "up"]),
        ]);
        const said = all.map((run) => run.stdout);
        expect(said.filter((text) => text.startsWith("The stack dev is up: "))).toHaveLength(1);
        expect(said.filter((text) => text.startsWith("The stack dev is up, unchanged: "))).toHaveLength(1);
        expect(said.filter((text) => text.startsWith("The stack other is up: "))).toHaveLength(1);
        const names = [checkout.objectName("dev"), checkout.objectName("other")];
        const { containers, networks, volumes } = await checkout.objects();
        for (const found of [containers, networks, volumes]) {
            expect([...found].sort()).toEqual([...names].sort());
        }
    });

    test("two stacks have nothing in common", async () => {
        const [dev, other] = [await checkout.url("dev"), await checkout.url("other")];
        expect(new URL(dev).port).not.toBe(new URL(other).port);
        expect(passwordOf(dev)).not.toBe(passwordOf(other));
        await rows(other, "CREATE TABLE mine (a int)");
        await expect(contentOfDev(dev)).resolves.toEqual([]);
        await expect(rows(other, "SELECT current_database() AS name")).resolves.toEqual([{ name: "other_dev" }]);
    });

    test("down removes one and leaves the other", async () => {
        await checkout.succeed(["down", "--stack", "dev"]);
        const name = checkout.objectName("other");
        await expect(checkout.objects()).resolves.toEqual({ containers: [name], networks: [name], volumes: [name] });
        await expect(contentOfDev(await checkout.url("other"))).resolves.toEqual(["relation mine"]);
    });

    test("two downs at once", async () => {
        const runs = await Promise.all([
            checkout.succeed(["down", "--stack", "other"]),
            checkout.succeed(["down", "--stack", "other"]),
        ]);
        expect(runs.map((run) => run.stdout).sort()).toEqual([
            expect.stringMatching(/^Removed container /),
            "There was nothing to remove.\n",
        ]);
        await expect(checkout.objects()).resolves.toEqual(NOTHING);
    });
});
