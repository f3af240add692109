import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectDocker, createContainer, dockerClient, explainUnreachable, statusCode } from "../../../docker/client";
import type { DockerEndpoint } from "../../../docker/endpoint";
import { InputError } from "../../../upstreams/errors";
import { fakeEngine } from "./fake-engine";

const at = (host: string, certPath?: string): DockerEndpoint => ({
    host,
    source: "DOCKER_HOST",
    isDefault: false,
    ...(certPath === undefined ? {} : { certPath }),
});
const failure = (code: string, message: string) => Object.assign(new Error(message), { code });

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fdw-stub-client-"));
});
afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
});

describe("explainUnreachable", () => {
    const GROUP = "Your user may not use it: add yourself to the group docker";
    const START = "Start Docker (Docker Desktop, or: sudo systemctl start docker)";
    const CHECK = "Check the address, and that Docker runs there.";
    test.each<[unknown, string, string]>([
        [failure("EACCES", "connect EACCES /var/run/docker.sock"), "connect EACCES /var/run/docker.sock. ", GROUP],
        [failure("ENOENT", "connect ENOENT /var/run/docker.sock"), "connect ENOENT /var/run/docker.sock. ", START],
        [
            failure("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:2375"),
            "connect ECONNREFUSED 127.0.0.1:2375. ",
            START,
        ],
        // Node gives an AggregateError without a text where a name leads to several addresses.
        [failure("ECONNREFUSED", ""), "ECONNREFUSED. ", START],
        [failure("ENOTFOUND", "getaddrinfo ENOTFOUND h"), "getaddrinfo ENOTFOUND h. ", CHECK],
        [failure("ETIMEDOUT", "connect ETIMEDOUT"), "connect ETIMEDOUT. ", CHECK],
        [new Error("no answer within 10 s"), "no answer within 10 s. ", CHECK],
        ["odd", "odd. ", CHECK],
        [undefined, "undefined. ", CHECK],
    ])("of %s says why and how to mend it", (error, why, mend) => {
        const text = explainUnreachable(at("unix:///var/run/docker.sock"), error);
        expect(
            text.startsWith(
                `Docker cannot be reached at unix:///var/run/docker.sock (from DOCKER_HOST): ${why}${mend}`,
            ),
        ).toBe(true);
    });
});

describe("dockerClient", () => {
    test.each([
        ["unix:///run/docker.sock", { socketPath: "/run/docker.sock" }],
        ["npipe:////./pipe/docker_engine", { socketPath: "//./pipe/docker_engine" }],
        ["tcp://h:2375", { protocol: "http", host: "h", port: "2375" }],
        ["tcp://h", { protocol: "http", host: "h", port: 2375 }],
        ["https://h", { protocol: "https", host: "h", port: 2376 }],
        ["ssh://me@h:2222", { protocol: "ssh", host: "h", port: "2222", username: "me" }],
    ])("speaks to %s", (host, expected) => {
        expect(dockerClient(at(host)).modem).toMatchObject(expected);
    });

    test("takes certificates along", () => {
        for (const name of ["ca", "cert", "key"]) {
            writeFileSync(join(folder, `${name}.pem`), name);
        }
        expect(dockerClient(at("tcp://h", folder)).modem).toMatchObject({
            protocol: "https",
            port: 2376,
            ca: Buffer.from("ca"),
            cert: Buffer.from("cert"),
            key: Buffer.from("key"),
        });
    });

    test("needs no certificate of its own where the engine's is enough", () => {
        writeFileSync(join(folder, "ca.pem"), "ca");
        expect(dockerClient(at("tcp://h", folder)).modem).toMatchObject({ protocol: "https", ca: Buffer.from("ca") });
    });

    test("says which certificate is missing", () => {
        expect(() => dockerClient(at("tcp://h", folder))).toThrow(InputError);
        expect(() => dockerClient(at("tcp://h", folder))).toThrow(
            /^DOCKER_HOST asks for TLS, but its file cannot be read \(ENOENT.*ca\.pem'\)\. Put ca\.pem, cert\.pem and key\.pem there/,
        );
    });

    test("refuses an address that is none", () => {
        expect(() => dockerClient(at("tcp://h:99999"))).toThrow(
            new InputError(
                'DOCKER_HOST names the Docker engine as "tcp://h:99999", which is no address; an example is tcp://127.0.0.1:2375.',
            ),
        );
    });
});

describe("connectDocker", () => {
    test("gives a client whose engine has answered", async () => {
        const engine = await fakeEngine();
        try {
            const docker = await connectDocker(at(engine.host));
            await expect(docker.version()).resolves.toEqual({ ApiVersion: "1.51" });
        } finally {
            await engine.close();
        }
    });

    test("says clearly that nobody listens", async () => {
        const host = `unix://${join(folder, "none.sock")}`;
        await expect(connectDocker(at(host))).rejects.toThrow(
            new RegExp(`^Docker cannot be reached at ${host} \\(from DOCKER_HOST\\): connect ENOENT .*Start Docker`),
        );
        await expect(connectDocker(at(host))).rejects.toThrow(InputError);
    });

    test("says clearly that the engine is out of order", async () => {
        const engine = await fakeEngine();
        engine.failing.set("/_ping", 500);
        try {
            await expect(connectDocker(at(engine.host))).rejects.toThrow(InputError);
        } finally {
            await engine.close();
        }
    });
});

test("a container's environment is in no request's address", async () => {
    const engine = await fakeEngine();
    try {
        const body = { Image: "postgres:18", Env: ["POSTGRES_PASSWORD=geheim"] };
        await expect(createContainer(engine.docker, { name: "a", ...body })).resolves.toMatchObject({ id: "created" });
        await createContainer(engine.docker, body);
        expect(engine.changes).toEqual([
            `POST /containers/create?name=a ${JSON.stringify(body)}`,
            `POST /containers/create ${JSON.stringify(body)}`,
        ]);
    } finally {
        await engine.close();
    }
});

test.each([
    [{ statusCode: 404 }, 404],
    [Object.assign(new Error("x"), { statusCode: 409 }), 409],
    [{ statusCode: "404" }, undefined],
    [new Error("x"), undefined],
    [null, undefined],
    ["404", undefined],
])("statusCode(%o) is %s", (error, expected) => {
    expect(statusCode(error)).toBe(expected);
});
