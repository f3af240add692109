import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findDockerEndpoint } from "../../../docker/endpoint";
import { InputError } from "../../../upstreams/errors";

let config: string;

beforeEach(() => {
    config = mkdtempSync(join(tmpdir(), "fdw-stub-docker-config-"));
});
afterEach(() => {
    rmSync(config, { recursive: true, force: true });
});

const idOf = (name: string) => createHash("sha256").update(name).digest("hex");

/** Makes a context the way `docker context create` stores it. */
function makeContext(name: string, meta: unknown, tls = false): string {
    const folder = join(config, "contexts", "meta", idOf(name));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "meta.json"), typeof meta === "string" ? meta : JSON.stringify(meta));
    const certs = join(config, "contexts", "tls", idOf(name), "docker");
    if (tls) {
        mkdirSync(certs, { recursive: true });
        writeFileSync(join(certs, "ca.pem"), "");
    }
    return certs;
}

const meta = (host: string) => ({
    Name: "x",
    Metadata: {},
    Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
});
const use = (name: unknown) =>
    writeFileSync(join(config, "config.json"), JSON.stringify({ currentContext: name, auths: {} }));
const find = (env: Record<string, string> = {}) => findDockerEndpoint({ DOCKER_CONFIG: config, ...env });

const DEFAULT = { host: "unix:///var/run/docker.sock", source: "the default socket", isDefault: true };

describe.skipIf(process.platform === "win32")("without any choice", () => {
    test.each<[string, (() => void) | undefined]>([
        ["no configuration at all", undefined],
        ["a configuration without a context", () => writeFileSync(join(config, "config.json"), "{}")],
        ["the context default", () => use("default")],
        ["an empty context", () => use("")],
    ])("the default socket is taken: %s", (_, prepare) => {
        prepare?.();
        expect(find()).toEqual(DEFAULT);
    });

    test("empty variables count as none", () => {
        expect(find({ DOCKER_HOST: "", DOCKER_CONTEXT: "" })).toEqual(DEFAULT);
        expect(
            findDockerEndpoint({ DOCKER_CONFIG: "", DOCKER_HOST: "tcp://h", DOCKER_TLS_VERIFY: "1" }).certPath,
        ).toMatch(/\.docker$/);
    });

    test("DOCKER_CONTEXT=default leads past the chosen context", () => {
        makeContext("remote", meta("tcp://10.0.0.1:2376"));
        use("remote");
        expect(find({ DOCKER_CONTEXT: "default" })).toEqual(DEFAULT);
    });
});

describe("DOCKER_HOST", () => {
    test.each([
        ["unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock"],
        ["tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375"],
        ["127.0.0.1:2375", "tcp://127.0.0.1:2375"],
        ["ssh://me@host", "ssh://me@host"],
        ["npipe:////./pipe/docker_engine", "npipe:////./pipe/docker_engine"],
        ["https://host:2376", "https://host:2376"],
    ])("%s is taken as %s", (given, host) => {
        expect(find({ DOCKER_HOST: given })).toEqual({ host, source: "DOCKER_HOST", isDefault: false });
    });

    test("wins over DOCKER_CONTEXT and the chosen context", () => {
        makeContext("remote", meta("tcp://10.0.0.1:2376"));
        use("remote");
        expect(find({ DOCKER_HOST: "tcp://h:1", DOCKER_CONTEXT: "remote" }).host).toBe("tcp://h:1");
        expect(find({ DOCKER_HOST: "tcp://h:1", DOCKER_CONTEXT: "missing" }).host).toBe("tcp://h:1");
    });

    test.each([
        [{}, undefined],
        [{ DOCKER_CERT_PATH: "/certs" }, undefined],
        [{ DOCKER_TLS_VERIFY: "" }, undefined],
        [{ DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" }, "/certs"],
    ])("with %j has the certificates %j", (env, certPath) => {
        expect(find({ DOCKER_HOST: "tcp://h:2376", ...env }).certPath).toBe(certPath);
    });

    test("looks for certificates in the configuration's folder by default", () => {
        expect(find({ DOCKER_HOST: "tcp://h:2376", DOCKER_TLS_VERIFY: "1" }).certPath).toBe(config);
        expect(find({ DOCKER_HOST: "tcp://h:2376", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "" }).certPath).toBe(
            config,
        );
    });

    test.each([
        ["/var/run/docker.sock", "/var/run/docker.sock"],
        ["./docker.sock", join(process.cwd(), "docker.sock")],
        ["~/docker.sock", join(homedir(), "docker.sock")],
    ])("refuses the path %s, and says how", (path, whole) => {
        expect(() => find({ DOCKER_HOST: path })).toThrow(
            new InputError(
                `DOCKER_HOST is ${JSON.stringify(path)}, a path without a scheme. Write it as an address: unix://${whole}`,
            ),
        );
    });

    test.each(["ftp://host", "docker://host", "file:///x"])("refuses %s, and says what is allowed", (host) => {
        expect(() => find({ DOCKER_HOST: host })).toThrow(
            new InputError(
                `DOCKER_HOST is ${JSON.stringify(host)}; allowed are unix://, tcp://, ssh:// and npipe:// addresses.`,
            ),
        );
    });
});

describe("contexts", () => {
    test("the chosen one is taken", () => {
        makeContext("colima", meta("unix:///home/me/.colima/docker.sock"));
        use("colima");
        expect(find()).toEqual({
            host: "unix:///home/me/.colima/docker.sock",
            source: 'the Docker context "colima"',
            isDefault: false,
        });
    });

    test("DOCKER_CONTEXT wins over the chosen one", () => {
        makeContext("a", meta("tcp://a:1"));
        makeContext("b", meta("tcp://b:1"));
        use("a");
        expect(find({ DOCKER_CONTEXT: "b" })).toEqual({
            host: "tcp://b:1",
            source: 'the Docker context "b"',
            isDefault: false,
        });
    });

    test("brings its certificates along", () => {
        const certs = makeContext("größe & co", meta("tcp://h:2376"), true);
        expect(find({ DOCKER_CONTEXT: "größe & co" }).certPath).toBe(certs);
    });

    test.each([
        ["DOCKER_CONTEXT", () => find({ DOCKER_CONTEXT: "gone" })],
        [
            "the configuration",
            () => {
                use("gone");
                return find();
            },
        ],
    ])("one that does not exist, from %s, is named", (_, lookUp) => {
        expect(lookUp).toThrow(
            new InputError(
                'The Docker context "gone" does not exist. "docker context ls" shows those that do; choose one with "docker context use".',
            ),
        );
    });

    test.each<[string, unknown]>([
        ["no endpoint", { Endpoints: {} }],
        ["an empty host", meta("")],
        ["another kind of file", []],
    ])("one with %s is refused, and its file named", (_, content) => {
        makeContext("odd", content);
        expect(() => find({ DOCKER_CONTEXT: "odd" })).toThrow(
            new InputError(
                `Docker's configuration file ${join(config, "contexts", "meta", idOf("odd"), "meta.json")} cannot be used: it has not the expected content.`,
            ),
        );
    });

    test("a file that is no JSON is named", () => {
        writeFileSync(join(config, "config.json"), "{");
        expect(() => find()).toThrow(
            `Docker's configuration file ${join(config, "config.json")} cannot be used: SyntaxError`,
        );
        use(5);
        expect(() => find()).toThrow("it has not the expected content");
    });
});
