import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endpointsOf, hostName } from "../../../rehearsal/endpoints";

describe("endpoints", () => {
    const HERE = "localhost:5432";
    test.each<[string, Record<string, string>, string[]]>([
        ["nothing", {}, [HERE]],
        ["an empty host", { host: "", port: "" }, [HERE]],
        ["a name", { host: "Db.Internal" }, ["db.internal:5432"]],
        ["a port", { host: "a", port: "6000" }, ["a:6000"]],
        ["blanks around", { host: " a , b ", port: " 1 , 2 " }, ["a:1", "b:2"]],
        ["several, one port", { host: "a,b", port: "6000" }, ["a:6000", "b:6000"]],
        ["several, an empty port between", { host: "a,b,c", port: "1,,3" }, ["a:1", "b:5432", "c:3"]],
        ["a port too few", { host: "a,b,c", port: "1,2" }, ["a:1", "b:2", "c:5432"]],
        ["hostaddr decides", { host: "a", hostaddr: "10.0.0.5" }, ["10.0.0.5:5432"]],
        ["an empty hostaddr does not", { host: "a", hostaddr: "" }, ["a:5432"]],
        ["addresses of this server", { host: "127.0.0.1,::1,localhost" }, [HERE, HERE, HERE]],
        ["another loopback address", { host: "127.0.0.2" }, ["127.0.0.2:5432"]],
        ["the usual sockets", { host: "/var/run/postgresql,/tmp" }, [HERE, HERE]],
        ["another socket keeps its case", { host: "/cloudsql/P:r:i" }, ["/cloudsql/P:r:i:5432"]],
        ["IPv6", { host: "FD00::1" }, ["fd00::1:5432"]],
    ])("%s", (_name, options, expected) => {
        expect(endpointsOf(options).map(({ host, port }) => `${host}:${port}`)).toEqual(expected);
    });

    test("one for each host, whatever the ports", () => {
        const word = fc.stringMatching(/^[a-zA-Z0-9./ -]{0,8}$/);
        const port = fc.oneof(fc.constant(""), fc.integer({ min: 1, max: 65535 }).map(String));
        fc.assert(
            fc.property(
                fc.array(word, { minLength: 1, maxLength: 5 }),
                fc.array(port, { maxLength: 5 }),
                (hosts, ports) => {
                    const found = endpointsOf({ host: hosts.join(","), port: ports.join(",") });
                    expect(found.map(({ host }) => host)).toEqual(hosts.map(hostName));
                    for (const each of found) {
                        expect(each.port).toBeGreaterThan(0);
                        // Once found, a name stays what it is.
                        expect(hostName(each.host)).toBe(each.host);
                    }
                },
            ),
        );
    });
});
