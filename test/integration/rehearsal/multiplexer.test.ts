/** Many ways over one command, as a rehearsal's container has it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Multiplexer } from "../../../rehearsal/multiplexer";
import { REPOSITORY } from "../support/package-files";

const LARGE = "0123456789abcdef".repeat(300_000);

let child: ChildProcess;
let ways: Multiplexer;
let folder: string;

beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "fdw-stub-multiplexer-"));
    const started = spawn("perl", [join(REPOSITORY, "rehearsal/server/multiplex.pl")], {
        stdio: ["pipe", "pipe", "inherit"],
    });
    child = started;
    ways = new Multiplexer(Duplex.from({ readable: started.stdout, writable: started.stdin }));
});

afterEach(async () => {
    child.kill();
    await rm(folder, { recursive: true });
});

/** A socket at which somebody listens. */
async function listen(name: string, take: (client: Socket) => void): Promise<string> {
    const path = join(folder, name);
    const server = createServer({ allowHalfOpen: true }, take);
    server.listen(path);
    await once(server, "listening");
    server.unref();
    return path;
}

test("commands get their words, variables and input, and give their output", async () => {
    const script = 'printf "%s|" "$@" "$NAME"; cat';
    const all = ["plain", "", "a 'b' \n c", LARGE].map((input) =>
        ways.output(["sh", "-c", script, "sh", "one", "", "tw o"], Buffer.from(input), { NAME: "a\nb" }),
    );
    expect(await Promise.all(all)).toEqual(
        ["plain", "", "a 'b' \n c", LARGE].map((input) => `one||tw o|a\nb|${input}`),
    );
});

test.each([
    [["sh", "-c", "echo out; echo why >&2; exit 3"], "sh ended with status 3: why"],
    [["sh", "-c", "kill -9 $$"], "sh ended with status 9: "],
    [["/no/such/command"], "/no/such/command ended with status 127: "],
])("%j fails", async (command, message) => {
    await expect(ways.output(command)).rejects.toThrow(message);
});

test("sockets, and one that does not read holds up nobody", async () => {
    let slow: Socket | undefined;
    const stuck = await listen("stuck", (client) => {
        slow = client.pause();
    });
    const echo = await listen("echo", (client) => client.pipe(client));
    const first = ways.connect(stuck);
    first.end(LARGE);
    const others = Array.from({ length: 20 }, (_, at) => {
        const way = ways.connect(echo);
        way.end(`${at} ${LARGE.slice(0, 100_000)}`);
        return text(way);
    });
    expect((await Promise.all(others)).map((said) => said.length)).toEqual(
        others.map((_, at) => `${at} `.length + 100_000),
    );
    if (slow === undefined) {
        throw new Error("Nobody came.");
    }
    let got = "";
    slow.on("data", (chunk) => {
        got += String(chunk);
    });
    await once(slow.resume(), "end");
    expect(got).toBe(LARGE);
    slow.end("done");
    expect(await text(first)).toBe("done");
});

test("where nobody listens it ends at once, and all end with the command", async () => {
    expect(await text(ways.connect(join(folder, "nobody")))).toBe("");
    const way = ways.connect(await listen("silent", () => undefined));
    const lost = once(way, "error");
    const running = ways.output(["sleep", "100"]);
    child.kill("SIGKILL");
    expect(String(await lost)).toContain("has ended");
    await expect(running).rejects.toThrow("has ended");
    expect(() => ways.connect(join(folder, "silent"))).toThrow("has ended");
});

test("a way that is given up ends its command", async () => {
    const way = ways.command(["sh", "-c", "echo $$; while :; do sleep 0.05; done"]);
    const [said] = await once(way, "data");
    const id = Number(String(said));
    expect(process.kill(id, 0)).toBe(true);
    way.destroy();
    await expect.poll(() => isThere(id), { timeout: 10_000 }).toBe(false);
});

function isThere(id: number): boolean {
    try {
        return process.kill(id, 0);
    } catch {
        return false;
    }
}
