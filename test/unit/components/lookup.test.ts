import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runBy } from "../../../components/door";
import { lookUp } from "../../../components/lookup";
import { identityLabels, LABEL, portCandidates, type StackIdentity, stackName } from "../../../docker/labels";
import { type Expected, missingFrom } from "../../../server/completeness";
import { readNote } from "../../../server/note";
import { InputError } from "../../../upstreams/errors";
import { container, type FakeContainer, type FakeEngine, fakeEngine } from "../docker/fake-engine";

vi.mock("../../../server/completeness", { spy: true });
vi.mock("../../../server/note", { spy: true });

const IDENTITY: StackIdentity = { directory: `/lookup/${process.pid}`, project: "p", stack: "dev", component: "db" };
const NAME = stackName(IDENTITY);
const EXPECTED: Expected = { servers: [], stubs: [], roles: ["svc"], devDatabase: "dev" };
const STUBS = [{ database: "orders", name: "fdw_stub_orders", version: "2" }];
const DECLARED = "hash";
const [FIRST_PORT = 0] = portCandidates(IDENTITY);
/** Where the stack's server is, unless a test says otherwise: no port of the row. */
const PORT = 19_999;

let engine: FakeEngine;

beforeEach(async () => {
    engine = await fakeEngine();
    vi.mocked(missingFrom).mockReset().mockResolvedValue([]);
    vi.mocked(readNote).mockReset().mockResolvedValue(undefined);
});
afterEach(async () => {
    await engine.close();
});

const LABELS = {
    ...identityLabels(IDENTITY),
    [LABEL.madeBy]: "pulumi",
    [LABEL.generation]: "old",
    [LABEL.declared]: DECLARED,
};

/** Puts a healthy stack there, changed as a test needs it. */
function there(more: Partial<FakeContainer> = {}, network = true): void {
    engine.containers.push(
        container({ name: NAME, networks: [NAME, "other"], labels: LABELS, hostPort: PORT, ...more }),
    );
    if (network) {
        engine.networks.push({
            id: "n",
            name: NAME,
            labels: { ...identityLabels(IDENTITY), [LABEL.generation]: "net" },
        });
    }
}

const look = (port?: number, expected = EXPECTED, declared = DECLARED) =>
    lookUp(engine.docker, IDENTITY, expected, STUBS, declared, port);
const FRESH = expect.stringMatching(/^[0-9a-z]{6,}$/);

describe("lookUp", () => {
    test("keeps everything of a healthy stack, and asks it as its superuser", async () => {
        there({ env: ["POSTGRES_USER=me", "POSTGRES_PASSWORD=pw"] });
        await expect(look()).resolves.toEqual({
            generation: "old",
            networkGeneration: "net",
            port: PORT,
            broken: undefined,
            current: { container: "c0ffee", address: expect.anything(), filling: "other" },
        });
        expect(vi.mocked(missingFrom).mock.calls).toEqual([
            [{ host: "127.0.0.1", port: PORT, user: "me", password: "pw" }, EXPECTED],
        ]);
    });

    test("begins anew where nothing is", async () => {
        await expect(look()).resolves.toEqual({
            generation: FRESH,
            networkGeneration: FRESH,
            port: FIRST_PORT,
            broken: undefined,
            current: undefined,
        });
        expect(missingFrom).not.toHaveBeenCalled();
    });

    test("keeps the network where only the container was removed", async () => {
        there();
        engine.containers.length = 0;
        await expect(look()).resolves.toMatchObject({ generation: FRESH, networkGeneration: "net", broken: undefined });
    });

    test.each(["exited", "created", "dead"] as const)("heals a container that is %s, on its port", async (status) => {
        there({ status });
        await expect(look()).resolves.toEqual({
            generation: FRESH,
            networkGeneration: "net",
            port: PORT,
            broken: `its container is ${status}`,
            current: undefined,
        });
    });

    test.each(["paused", "restarting"] as const)(
        "heals one that is %s, though it holds its port itself",
        async (status) => {
            there({ status });
            const broken = `its container is ${status}`;
            await expect(look()).resolves.toMatchObject({ generation: FRESH, port: PORT, broken });
            await expect(look(PORT)).resolves.toMatchObject({ generation: FRESH, port: PORT, broken });
        },
    );

    test("heals a container whose network is gone", async () => {
        there({ networks: ["other"] }, false);
        await expect(look()).resolves.toMatchObject({
            generation: FRESH,
            networkGeneration: FRESH,
            port: PORT,
            broken: "its network is gone",
        });
    });

    test("gives a network that was removed under a container a new generation", async () => {
        there({}, false);
        await expect(look()).resolves.toMatchObject({ generation: "old", networkGeneration: FRESH });
    });

    test.each([
        [['the role "svc"'], 'it lacks the role "svc"'],
        [['the role "svc"', 'the database "dev"'], 'it lacks the role "svc", the database "dev"'],
    ])("heals a server without %j", async (missing, broken) => {
        there();
        vi.mocked(missingFrom).mockResolvedValue(missing);
        await expect(look()).resolves.toMatchObject({ generation: FRESH, port: PORT, broken, current: undefined });
    });

    test("heals a server that does not answer", async () => {
        there();
        vi.mocked(missingFrom).mockRejectedValue(new Error("connect ECONNREFUSED"));
        await expect(look()).resolves.toMatchObject({
            generation: FRESH,
            broken: "its server does not answer (connect ECONNREFUSED)",
        });
    });

    test("heals a container without a port", async () => {
        there({ hostPort: undefined });
        await expect(look()).resolves.toMatchObject({
            generation: FRESH,
            port: FIRST_PORT,
            broken: "its container has no published port",
        });
    });

    test("does not ask a server that another declaration made: it is replaced in any case", async () => {
        there();
        await expect(look(undefined, EXPECTED, "other")).resolves.toEqual({
            generation: "old",
            networkGeneration: "net",
            port: PORT,
            broken: undefined,
            current: undefined,
        });
        expect(missingFrom).not.toHaveBeenCalled();
    });

    const TOLD = "a run ended before its stubs were whole";
    const current = (filling: string) => ({ generation: "old", broken: undefined, current: { filling } });
    test.each<[string, unknown, object]>([
        ["are of the declared version", { stubs: { orders: "2", more: "1" } }, current("wanted")],
        ["are of another version", { stubs: { orders: "1" } }, current("other")],
        ["are others", { stubs: {} }, current("other")],
        ["were made by nobody who told", undefined, current("other")],
        ["are told of in nonsense", { stubs: 1 }, current("other")],
        ["were being made", { stubs: null }, { generation: FRESH, broken: TOLD, current: undefined }],
    ])("sees that the stubs %s", async (_, note, expected) => {
        there();
        vi.mocked(readNote).mockResolvedValue(note);
        await expect(look()).resolves.toMatchObject(expected);
    });

    test("does not heal what another declaration has begun: it is replaced in any case", async () => {
        there();
        vi.mocked(readNote).mockResolvedValue({ stubs: null });
        await expect(look(undefined, EXPECTED, "other")).resolves.toMatchObject({
            generation: "old",
            broken: undefined,
        });
    });

    test("lets the runner that made a stack look at it", async () => {
        there({ labels: { ...LABELS, [LABEL.madeBy]: "standalone" } });
        runBy("standalone");
        try {
            await expect(look()).resolves.toMatchObject({ generation: "old", broken: undefined });
        } finally {
            runBy("pulumi");
        }
    });

    test("moves to another configured port", async () => {
        there();
        await expect(look(19_998)).resolves.toMatchObject({ generation: "old", port: 19_998, broken: undefined });
    });

    test.each<[string, () => void, string]>([
        [
            "a container that carries no labels",
            () => there({ labels: {} }),
            `A container called ${NAME} exists that this stack did not make. Remove it (docker rm -f ${NAME}), or rename it.`,
        ],
        [
            "a container of another checkout",
            () => there({ labels: { ...LABELS, [LABEL.directory]: "/elsewhere" } }),
            `A container called ${NAME} exists that this stack did not make. Remove it (docker rm -f ${NAME}), or rename it.`,
        ],
        [
            "a stack that the standalone runner made",
            () => there({ labels: { ...LABELS, [LABEL.madeBy]: "standalone" } }),
            'The stack "dev" was made by the standalone runner, not by pulumi. Remove it first: npx fdw-stub down --stack dev',
        ],
        [
            "a network of somebody else's",
            () => engine.networks.push({ id: "n", name: NAME, labels: { x: "y" } }),
            `A network called ${NAME} exists that this stack did not make. Remove it: docker network rm ${NAME}`,
        ],
    ])("refuses %s, and touches nothing", async (_, prepare, message) => {
        prepare();
        await expect(look()).rejects.toThrow(new InputError(message));
        expect(missingFrom).not.toHaveBeenCalled();
        expect(engine.changes).toEqual([]);
    });

    test("changes nothing, whatever it finds", async () => {
        there({ status: "exited" });
        await look();
        expect(engine.changes).toEqual([]);
    });
});
