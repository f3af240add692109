import { afterEach, beforeEach, expect, test } from "vitest";
import { clustersVolume, ensureClusters, findClusters, removeOutdatedClusters } from "../../../docker/clusters";
import { LABEL } from "../../../docker/labels";
import { type FakeEngine, fakeEngine } from "./fake-engine";

const HERE = "sha256:0123456789abcdef";
const GONE = "sha256:fedcba9876543210";

let engine: FakeEngine;
beforeEach(async () => {
    engine = await fakeEngine();
    engine.images.set(HERE, []);
});
afterEach(() => engine.close());

test("one volume for each image, with a label that names it", async () => {
    await ensureClusters(engine.docker, HERE);
    expect(clustersVolume(HERE)).toBe("fdw-stub-clusters-0123456789ab");
    expect(engine.changes).toEqual([
        `POST /volumes/create ${JSON.stringify({ Name: clustersVolume(HERE), Labels: { [LABEL.clusters]: HERE } })}`,
    ]);
});

test("those of images that are gone are removed, unless a container has them, and no others", async () => {
    const volume = (name: string, image: string) => ({ Name: name, Labels: { [LABEL.clusters]: image } });
    engine.volumes.push(volume("here", HERE), volume("gone", GONE), volume("used", GONE), { Name: "else", Labels: {} });
    engine.failing.set("/volumes/used", 409);
    expect(await findClusters(engine.docker)).toEqual([
        { name: "here", imageIsHere: true },
        { name: "gone", imageIsHere: false },
        { name: "used", imageIsHere: false },
    ]);
    expect(await removeOutdatedClusters(engine.docker)).toEqual(["gone"]);
    expect(engine.volumes.map(({ Name }) => Name)).toEqual(["here", "used", "else"]);
});
