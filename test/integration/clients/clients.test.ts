import { execFile } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { contentOfDev, rows } from "../../engine/support/scenario";
import { Checkout } from "../support/checkout";
import { environmentOf, expectScenario, FDW_CONFIGURATION, FDW_SCHEMA, freshUrlOf } from "../support/fresh-stack";

const run = promisify(execFile);

/** Compiling a Go program for the first time, with its modules. */
const GO_TIMEOUT_MS = 180_000;

let checkout: Checkout;
let maintenance: string;
let url: string;

beforeAll(async () => {
    checkout = await Checkout.create({ ...FDW_CONFIGURATION, stock: 4 });
    await checkout.up();
    maintenance = (await environmentOf(checkout)).FDW_STUB_URL ?? "";
});

afterAll(async () => {
    await checkout?.remove();
});

beforeEach(async () => {
    url = await freshUrlOf(maintenance);
});

/** Where the server is reached in its Docker network: there a password is asked for, as it is on this machine. */
function inNetwork(of: string): string {
    const inside = new URL(of);
    inside.host = `${checkout.objectName()}:5432`;
    return inside.href;
}

/** Runs one of the server's own clients in its container, as another container of the network would. */
async function inContainer(...command: string[]): Promise<string> {
    const exec = await checkout.docker
        .getContainer(checkout.objectName())
        .exec({ Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true });
    const output = (await text(await exec.start({ hijack: true, Tty: true }))).replaceAll("\r\n", "\n");
    const { ExitCode: code } = await exec.inspect();
    if (code !== 0) {
        throw new Error(`${command[0]} ended with ${code}: ${output}`);
    }
    return output;
}

async function installed(command: string, ...args: string[]): Promise<boolean> {
    return run(command, args).then(
        () => true,
        () => false,
    );
}

test("psql of the server's version", async () => {
    const output = await inContainer(
        ...["psql", inNetwork(url), "-XAtq", "-v", "ON_ERROR_STOP=1"],
        ...["-c", FDW_SCHEMA, "-c", "SELECT n FROM event_count"],
    );
    expect(output).toBe("3\n");
    await expectScenario(url);
});

test("psql of this machine", async (context) => {
    if (!(await installed("psql", "--version"))) {
        context.skip("no psql on PATH");
    }
    await rows(url, FDW_SCHEMA);
    const { stdout } = await run("psql", [url, "-XAtqc", "SELECT n, current_database() FROM event_count"]);
    expect(stdout).toBe(`3|${new URL(url).pathname.slice(1)}\n`);
});

test("pg_dump of one fresh database and pg_restore into another", async () => {
    await rows(url, FDW_SCHEMA);
    await rows(url, "INSERT INTO users VALUES (1, 'one')");
    await inContainer("pg_dump", "--format=custom", "--file=/tmp/fresh.dump", inNetwork(url));
    const other = await freshUrlOf(maintenance);
    await inContainer("pg_restore", "--exit-on-error", `--dbname=${inNetwork(other)}`, "/tmp/fresh.dump");
    await expectScenario(other);
    await expect(rows(other, "SELECT name FROM users")).resolves.toEqual([{ name: "one" }]);
    await expect(contentOfDev(other)).resolves.toEqual(await contentOfDev(url));
});

test("pg_dump of an empty fresh database is that of any empty database", async () => {
    const dump = async (of: string) => {
        const output = await inContainer("pg_dump", inNetwork(of));
        // The keys of \restrict are drawn by lot.
        return output.replaceAll(/^\\(?:un)?restrict .*$/gm, "");
    };
    const empty = new URL(url);
    empty.pathname = "/dev";
    await expect(dump(url)).resolves.toBe(await dump(empty.href));
});

test(
    "Go's lib/pq and pgx",
    async (context) => {
        if (!(await installed("go", "version"))) {
            context.skip("no Go on PATH");
        }
        const cwd = join(__dirname, "go");
        const env = { ...process.env, GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" };
        try {
            await run("go", ["mod", "download"], { cwd, env, timeout: GO_TIMEOUT_MS / 3 });
        } catch (error) {
            context.skip(`Go's modules cannot be had: ${error instanceof Error ? error.message : String(error)}`);
        }
        await rows(url, FDW_SCHEMA);
        const { stdout } = await run("go", ["run", "."], { cwd, env: { ...env, DEV_URL: url } });
        const database = new URL(url).pathname.slice(1);
        expect(stdout).toBe(`pq 3 ${database}\npgx 3 ${database}\n`);
    },
    GO_TIMEOUT_MS,
);
