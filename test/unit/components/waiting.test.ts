import type * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { networkIsThere, serverAnswers } from "../../../components/waiting";
import { identityLabels, type StackIdentity, stackName } from "../../../docker/labels";
import { waitForServer } from "../../../server/wait";
import { type FakeEngine, fakeEngine } from "../docker/fake-engine";

vi.mock("../../../server/wait", { spy: true });

const IDENTITY: StackIdentity = { directory: "/waiting", project: "p", stack: "dev", component: "db" };
const NAME = stackName(IDENTITY);
const ARGS: pulumi.ResourceHookArgs = { urn: "", id: "", name: "", type: "" };

let engine: FakeEngine;
beforeEach(async () => {
    engine = await fakeEngine();
    vi.stubEnv("DOCKER_HOST", engine.host);
    vi.mocked(waitForServer).mockReset();
});
afterEach(async () => {
    vi.unstubAllEnvs();
    await engine.close();
});

test("all that is made in a server waits for it, and it is asked once", async () => {
    vi.mocked(waitForServer).mockResolvedValue(undefined);
    const answers = serverAnswers(NAME);
    await Promise.all([answers(ARGS), answers(ARGS)]);
    await answers(ARGS);
    expect(vi.mocked(waitForServer).mock.calls.map(([, name]) => name)).toEqual([NAME]);
});

test("one of those that wait in vain tells why", async () => {
    vi.mocked(waitForServer).mockRejectedValue(new Error("PostgreSQL did not start. It said: no."));
    const answers = serverAnswers(NAME);
    const ended = await Promise.allSettled([answers(ARGS), answers(ARGS), answers(ARGS)]);
    const reasons = ended.map((one) => (one.status === "rejected" ? String(one.reason.message) : "fine"));
    expect(reasons.sort()).toEqual([
        "PostgreSQL did not start.",
        "PostgreSQL did not start.",
        "PostgreSQL did not start. It said: no.",
    ]);
});

test("the container waits for the stack's own network", async () => {
    const waiting = networkIsThere(NAME, IDENTITY)(ARGS);
    engine.networks.push({ id: "n", name: NAME, labels: identityLabels(IDENTITY) });
    await waiting;
});
