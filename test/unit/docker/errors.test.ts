import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorText, explainDockerError } from "../../../docker/errors";
import { pullProblem } from "../../../setup/pull-errors";

describe("explainDockerError", () => {
    test.each([
        [
            "port-in-use",
            "5432",
            "(HTTP code 500) server error - driver failed programming external connectivity on endpoint db (0a1b): Bind for 127.0.0.1:5432 failed: port is already allocated ",
        ],
        [
            "port-in-use",
            "5433",
            "driver failed programming external connectivity on endpoint db (0a1b): Error starting userland proxy: listen tcp4 127.0.0.1:5433: bind: address already in use",
        ],
        [
            "port-in-use",
            "5434",
            "Ports are not available: exposing port TCP 127.0.0.1:5434 -> 127.0.0.1:0: listen tcp 127.0.0.1:5434: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.",
        ],
        [
            "port-in-use",
            "6000",
            "failed to set up container networking: driver failed programming external connectivity on endpoint x: failed to bind host port for 127.0.0.1:6000:172.17.0.2:5432/tcp: listen tcp :6000: bind: address already in use",
        ],
        [
            "port-forbidden",
            "5432",
            "Ports are not available: exposing port TCP 127.0.0.1:5432 -> 127.0.0.1:0: listen tcp 127.0.0.1:5432: bind: An attempt was made to access a socket in a way forbidden by its access permissions.",
        ],
        [
            "port-forbidden",
            "80",
            "Error starting userland proxy: error while calling PortManager.AddPort(): cannot expose privileged port 80, you can add 'net.ipv4.ip_unprivileged_port_start=80' to /etc/sysctl.conf",
        ],
        ["no-space", "prune", "(HTTP code 500) server error - write /var/lib/docker/tmp/x: no space left on device "],
        ["no-space", "prune", "ENOSPC: write failed"],
        ["permission-denied", "/var/run/docker.sock", "connect EACCES /var/run/docker.sock"],
        [
            "permission-denied",
            "usermod",
            "Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get ...: dial unix /var/run/docker.sock: connect: permission denied",
        ],
        ["permission-denied", "/run/d.sock", "dial unix /run/d.sock: connect: permission denied"],
        ["unreachable", "/var/run/docker.sock", "connect ENOENT /var/run/docker.sock"],
        ["unreachable", "127.0.0.1:2375", "connect ECONNREFUSED 127.0.0.1:2375"],
        [
            "unreachable",
            "unix:///var/run/docker.sock",
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        ],
        [
            "unreachable",
            "Start Docker Desktop",
            "error during connect: open //./pipe/docker_engine: The system cannot find the file specified.",
        ],
        [
            "name-in-use",
            "docker rm -f db-1",
            '(HTTP code 409) unexpected - Conflict. The container name "/db-1" is already in use by container "0a1b". You have to remove (or rename) that container to be able to reuse that name. ',
        ],
        ["name-in-use", "docker network rm net-1", "network with name net-1 already exists"],
        [
            "no-subnet",
            "docker network prune",
            "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
        ],
        ["no-subnet", "docker network prune", "all predefined address pools have been fully subnetted"],
        [
            "path-not-shared",
            "/data/x",
            "Mounts denied: The path /data/x is not shared from the host and is not known to Docker.",
        ],
    ])("%s, naming %s", (problem, named, text) => {
        const explained = explainDockerError(new Error(text));
        expect(explained?.problem).toBe(problem);
        expect(explained?.message).toContain(named);
        expect(explained?.message).not.toMatch(/undefined|HTTP code/);
    });

    test.each([
        "",
        "manifest unknown",
        "container is not running",
        "mkdir /x: permission denied",
        "connection refused",
    ])("leaves %j alone", (text) => {
        expect(explainDockerError(new Error(text))).toBeUndefined();
    });

    test("finds the problem and the port whatever is around them", () => {
        const around = fc.stringMatching(/^[ a-z0-9]{0,30}$/);
        fc.assert(
            fc.property(around, fc.integer({ min: 1, max: 65_535 }), around, (before, port, after) => {
                const explained = explainDockerError(
                    new Error(`${before} Bind for 0.0.0.0:${port} failed: port is already allocated ${after}`),
                );
                expect(explained?.problem).toBe("port-in-use");
                expect(explained?.message).toContain(` ${port} `);
            }),
        );
    });

    test("takes whatever is thrown", () => {
        fc.assert(
            fc.property(fc.anything({ withNullPrototype: false }), (thrown) => {
                fc.pre(typeof thrown !== "object" || thrown === null || Object.keys(thrown).length === 0);
                expect(explainDockerError(thrown)?.problem).toBeUndefined();
            }),
        );
    });
});

describe("errorText", () => {
    test.each([
        [new Error("(HTTP code 404) no such container - No such container: x "), "No such container: x"],
        [new Error("(HTTP code 500) server error - a - b"), "a - b"],
        [{ message: "plain" }, "plain"],
        ["text", "text"],
        [undefined, "undefined"],
    ])("%s", (error, text) => {
        expect(errorText(error)).toBe(text);
    });

    test("leaves out credentials in URLs", () => {
        const secret = fc.stringMatching(/^[A-Za-z0-9%._-]{8,20}$/);
        fc.assert(
            fc.property(secret, secret, (user, password) => {
                const text = errorText(new Error(`Get "https://${user}:${password}@r.example/v2/": no such host`));
                expect(text).toBe('Get "https://r.example/v2/": no such host');
            }),
        );
    });
});

test.each([
    [
        "unreachable",
        'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: no such host',
    ],
    ["unreachable", 'Get "http://localhost:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused'],
    ["unreachable", 'Get "https://registry-1.docker.io/v2/": dial tcp 1.2.3.4:443: connect: permission denied'],
    [
        "unreachable",
        'Get "https://r/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    ],
    ["unreachable", 'Get "https://r/v2/": context deadline exceeded'],
    ["unreachable", 'Get "https://r/v2/": net/http: TLS handshake timeout'],
    ["unreachable", "proxyconnect tcp: dial tcp 10.0.0.1:3128: i/o timeout"],
    ["unreachable", "received unexpected HTTP status: 503 Service Unavailable"],
    ["unreachable", 'Get "https://r/v2/": EOF'],
    [
        "unreachable",
        'failed to resolve reference "docker.io/library/postgres:18": failed to do request: Head "https://registry-1.docker.io/v2/library/postgres/manifests/18": dial tcp: lookup registry-1.docker.io: Temporary failure in name resolution',
    ],
    ["not-found", "manifest for postgres:99 not found: manifest unknown: manifest unknown"],
    [
        "not-found",
        'failed to resolve reference "docker.io/library/postgres:99": docker.io/library/postgres:99: not found',
    ],
    [
        "denied",
        "pull access denied for postgress, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ],
    ["denied", 'Head "https://ghcr.io/v2/a/b/manifests/1": unauthorized'],
    [
        "rate-limit",
        "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading",
    ],
    ["certificate", 'Get "https://r:5000/v2/": x509: certificate signed by unknown authority'],
    ["platform", "no matching manifest for linux/arm64/v8 in the manifest list entries"],
    ["other", "invalid tar header"],
])("a pull fails as %s: %s", (problem, text) => {
    expect(pullProblem(text)).toBe(problem);
});
