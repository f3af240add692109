import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "pg-connection-string";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatEnvironment } from "../../../cli/env";
import { LABEL } from "../../../docker/labels";
import type { ServerContainer } from "../../../docker/server";

const EXPECTED = {
    servers: [],
    stubs: [],
    maintenance: { database: "fdw_stub", name: "fdw_stub", version: "1.0" },
    roles: [],
    devDatabase: "dev",
};

function server(changes: Partial<ServerContainer> = {}): ServerContainer {
    return {
        id: "c0ffee",
        name: "fdw-stub-dev-12345678",
        running: true,
        state: "running",
        starting: false,
        restarts: 0,
        labels: { [LABEL.expected]: JSON.stringify(EXPECTED) },
        image: "postgres:18",
        imageId: "sha256:0",
        networks: [],
        reached: { host: "127.0.0.1", port: 25_432 },
        hostPort: 25432,
        user: "postgres",
        password: "secret",
        ...changes,
    };
}

/** What shells, dotenv readers and URLs take apart. */
const ODD = 'it\'s $HOME `id` "x" \\ %41 #?&=@:/ !é\n;';

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fdw-stub-env-"));
});
afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
});

describe("sh", () => {
    test("gives the three URLs", () => {
        expect(formatEnvironment(server(), "sh")).toBe(
            [
                "export DEV_URL='postgres://postgres:secret@127.0.0.1:25432/dev?sslmode=disable'",
                "export ATLAS_DEV_URL='postgres://postgres:secret@127.0.0.1:25432/dev?sslmode=disable'",
                "export FDW_STUB_URL='postgres://postgres:secret@127.0.0.1:25432/fdw_stub?sslmode=disable'",
            ].join("\n"),
        );
    });

    test("survives eval, whatever user, password and database are called", () => {
        const labels = { [LABEL.expected]: JSON.stringify({ ...EXPECTED, devDatabase: "d'e v" }) };
        const text = formatEnvironment(server({ user: ODD, password: ODD, labels }), "sh");
        const url = execFileSync("sh", ["-c", 'eval "$1"; printf %s "$DEV_URL"', "sh", text], { encoding: "utf8" });
        expect(parse(url)).toMatchObject({ user: ODD, password: ODD, database: "d'e v", port: "25432" });
    });
});

test("dotenv needs no quotes, whatever the password is", () => {
    const lines = formatEnvironment(server({ password: ODD }), "dotenv").split("\n");
    expect(lines.map((line) => line.slice(0, line.indexOf("=")))).toEqual(["DEV_URL", "ATLAS_DEV_URL", "FDW_STUB_URL"]);
    for (const line of lines) {
        expect(line).toMatch(/^[A-Z_]+=[A-Za-z0-9:/@%?=._~-]+$/);
        expect(parse(line.slice(line.indexOf("=") + 1)).password).toBe(ODD);
    }
});

describe("github", () => {
    test("adds to the file and masks the password", () => {
        const file = join(folder, "env");
        writeFileSync(file, "BEFORE=1\n");
        expect(formatEnvironment(server(), "github", { GITHUB_ENV: file })).toBe("::add-mask::secret");
        expect(readFileSync(file, "utf8")).toBe(`BEFORE=1\n${formatEnvironment(server(), "dotenv")}\n`);
    });

    test("masks an odd password as it is and as it stands in URLs, each in one command", () => {
        const file = join(folder, "env");
        const lines = formatEnvironment(server({ password: "a%\nb" }), "github", { GITHUB_ENV: file }).split("\n");
        // The runner decodes %25 and %0A: these are `a%\nb` and `a%25%0Ab`.
        expect(lines).toEqual(["::add-mask::a%25%0Ab", "::add-mask::a%2525%250Ab"]);
    });

    test.each([{}, { GITHUB_ENV: undefined }, { GITHUB_ENV: "" }])("outside of GitHub Actions: %j", (env) => {
        expect(() => formatEnvironment(server(), "github", env)).toThrow(
            "GITHUB_ENV is not set: --format github is for steps of GitHub Actions. Elsewhere use --format sh or dotenv.",
        );
    });

    test("a file that cannot be written is named", () => {
        const file = join(folder, "missing", "env");
        expect(() => formatEnvironment(server(), "github", { GITHUB_ENV: file })).toThrow(
            `The file ${JSON.stringify(file)}, which GITHUB_ENV names, cannot be written (ENOENT`,
        );
    });
});

test.each(["", "SH", "json", "sh "])("the format %j is unknown", (format) => {
    expect(() => formatEnvironment(server(), format)).toThrow(
        `--format ${JSON.stringify(format)} is unknown; known are sh, dotenv, github.`,
    );
});

test("a server of an older version hands out no fresh databases", () => {
    const { maintenance: _, ...older } = EXPECTED;
    const labels = { [LABEL.expected]: JSON.stringify(older) };
    expect(() => formatEnvironment(server({ labels }), "sh")).toThrow("Bring the stack up again.");
});
