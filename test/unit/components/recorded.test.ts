import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { withRecorded } from "../../../components/recorded";
import { asYaml } from "../../../schema";
import { parseConfiguration, resolveUpstreams } from "../../../upstreams/parse";

const directory = mkdtempSync(join(tmpdir(), "fdw-stub-recorded-"));
afterAll(() => rmSync(directory, { recursive: true }));

function write(file: string, text: string): string {
    writeFileSync(join(directory, file), text);
    return file;
}

const LEDGER = `config:
  fdw-stub:upstreams:
    - host: ledger
      database: ledger
      users:
        - name: reader
      ddl: |
        CREATE TYPE mood AS ENUM ('ok');
      tables:
        - name: entries
          columns:
            - { name: id, type: bigint }
  fdw-stub:roles:
    - reporting
`;

const read = (input: Parameters<typeof parseConfiguration>[0]) => withRecorded(parseConfiguration(input), directory);

describe("a recorded file", () => {
    test("stands for the upstreams and roles in it", () => {
        const path = write("ledger.yaml", LEDGER);
        const { schema, upstreams, roles } = read({ schema: [path, "migrations"], roles: ["app"] });
        expect(schema).toEqual(["migrations"]);
        expect(roles).toEqual(["app", "reporting"]);
        expect(upstreams).toMatchObject([
            {
                host: "ledger",
                ddl: [{ origin: "ledger.yaml (ledger)", line: 1, sql: "CREATE TYPE mood AS ENUM ('ok');\n" }],
                tables: [{ schema: "public", name: "entries", columns: [{ name: "id", type: "bigint" }] }],
            },
        ]);
    });

    test("tells where a contract belongs that has no host, and who connects there", () => {
        const path = write("ledger.yaml", LEDGER);
        const contract = { database: "ledger", contract: ["c.sql"], users: [{ name: "app" }] };
        expect(read({ schema: [path], upstreams: [contract] }).upstreams).toMatchObject([
            { host: "ledger", contract: ["c.sql"], users: [{ name: "app" }, { name: "reader" }], tables: [] },
        ]);
        const elsewhere = { ...contract, host: "other" };
        expect(read({ schema: [path], upstreams: [elsewhere] }).upstreams).toMatchObject([
            { host: "other", contract: ["c.sql"], users: [{ name: "app" }] },
            { host: "ledger", contract: [], tables: [{ name: "entries" }] },
        ]);
    });

    test("is what is printed of upstreams", () => {
        const upstreams = [
            {
                host: "h",
                port: 6543,
                database: "d",
                users: [{ name: "u" }],
                extensions: [{ name: "citext" }],
                ddl: [],
                tables: [{ schema: "a b", name: "T", columns: [{ name: "c", type: "numeric(10,2)" }], rows: [] }],
            },
        ];
        const place = { file: "", line: 1 };
        const path = write("printed.yml", asYaml({ upstreams, roles: [{ name: "r", place }] }));
        const { upstreams: again, roles } = read({ schema: path });
        expect(resolveUpstreams(again, () => "")).toMatchObject(upstreams);
        expect(roles).toEqual(["r"]);
    });

    test("gives way to what the configuration declares of the same upstream", () => {
        const path = write("ledger.yaml", LEDGER);
        const own = { host: "LEDGER", database: "ledger", tables: [{ name: "mine" }] };
        expect(read({ schema: path, upstreams: [own, { database: "other" }] }).upstreams).toMatchObject([
            own,
            { database: "other" },
        ]);
    });

    test("may be a part of fdw-stub.yaml", () => {
        const path = write("part.yaml", "upstreams:\n  - { database: ledger }\nroles: [reporting]\n");
        expect(read({ schema: path })).toMatchObject({ upstreams: [{ database: "ledger" }], roles: ["reporting"] });
    });

    test("may hold nothing", () => {
        const path = write("none.yaml", "config:\n  fdw-stub:upstreams: []\n");
        expect(read({ schema: path })).toMatchObject({ schema: [], upstreams: [] });
    });

    test.each([
        ["a changelog", "databaseChangeLog:\n  - include: { file: a.sql }\n"],
        ["another configuration", "config:\n  aws:region: x\n"],
        ["no YAML", "a: [\n"],
        ["a text", "hello\n"],
    ])("is not %s", (_name, text) => {
        const path = write("other.yaml", text);
        expect(read({ schema: path }).schema).toEqual([path]);
    });

    test("is not one that does not exist, nor SQL", () => {
        expect(read({ schema: ["no.yaml", write("a.sql", LEDGER)] }).schema).toEqual(["no.yaml", "a.sql"]);
    });

    test.each([
        [
            "a bad port",
            "config:\n  fdw-stub:upstreams:\n    - { database: d, port: 0 }\n",
            /^The recorded file bad\.yaml: The configuration cannot be used.*upstreams\[0\]\.port/s,
        ],
        [
            "another key",
            "config:\n  fdw-stub:upstreams: []\n  fdw-stub:image: x\n",
            'The recorded file bad.yaml cannot be used: it has the key "fdw-stub:image"; allowed are upstreams and roles.',
        ],
    ])("with %s is refused", (_name, text, message) => {
        const path = write("bad.yaml", text);
        expect(() => read({ schema: path })).toThrow(message);
    });
});
