import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";

const ROOT = join(__dirname, "..", "..", "..");

/** What a program prints as JSON, run with the modules put off, or without. */
function evaluate(program: string, deferred = true): unknown {
    const preload = deferred ? ["--require", "./bin/deferred-modules.js"] : [];
    return JSON.parse(execFileSync(process.execPath, [...preload, "--eval", program], { cwd: ROOT, encoding: "utf8" }));
}

const print = (value: string) => `process.stdout.write(JSON.stringify(${value}), () => process.exit());`;
const LOADED = `Object.keys(require.cache).map((file) => /node_modules.((?:@[^\\\\/]+.)?[^\\\\/]+)/.exec(file)?.[1] ?? "own")`;

function packagesOf(module: string, deferred: boolean): Set<string> {
    const loaded = z.array(z.string()).parse(evaluate(`require("${module}"); ${print(LOADED)}`, deferred));
    return new Set(loaded);
}

describe.each([
    ["@pulumi/pulumi", ["typescript", "@npmcli/arborist", "execa"]],
    ["dockerode", ["ssh2", "@grpc/grpc-js", "protobufjs"]],
])("%s", (module, heavy) => {
    test("loads without what nothing needs", () => {
        const [plain, deferred] = [packagesOf(module, false), packagesOf(module, true)];
        // Otherwise the dependency has moved, and the list wants to follow.
        expect(heavy.filter((name) => !plain.has(name))).toEqual([]);
        expect(heavy.filter((name) => deferred.has(name))).toEqual([]);
        expect(deferred).toContain(module);
    });
});

test("stands in for all that the modules export", () => {
    const exportsOf = (deferred: boolean) =>
        evaluate(
            `const from = require("node:module").createRequire(require.resolve("@pulumi/pulumi/runtime/index.js"));
             const all = ["./closure/serializeClosure", "./closure/codePaths"].map((name) => Object.keys(from(name)).sort());
             ${print("all")}`,
            deferred,
        );
    expect(exportsOf(true)).toEqual(exportsOf(false));
});

test("what is put off is there when it is used", () => {
    expect(
        evaluate(
            `const pulumi = require("@pulumi/pulumi");
             const { LocalWorkspace, createStack, ...rest } = pulumi.automation;
             const Docker = require("dockerode");
             const ssh = new Docker({ protocol: "ssh", host: "127.0.0.1", port: 1, username: "nobody" });
             const locales = require("zod").locales;
             pulumi.runtime.serializeFunction(() => 42).then(({ text }) => {
                ${print(`{
                    automation: typeof LocalWorkspace,
                    more: "LocalWorkspace" in pulumi.automation && Object.keys(rest).length > 5,
                    serialized: text.includes("42"),
                    agent: typeof ssh.modem.ssh,
                    german: typeof locales.de().localeError,
                }`)}
             });`,
        ),
    ).toEqual({
        automation: "function",
        more: true,
        serialized: true,
        agent: "undefined",
        german: "function",
    });
});

test("an engine behind ssh:// is reached with the SSH client", () => {
    const error = evaluate(
        `const Docker = require("dockerode");
         const docker = new Docker({ protocol: "ssh", host: "127.0.0.1", port: 1, username: "nobody", sshOptions: { readyTimeout: 2000 } });
         const said = (error) => { ${print("String(error.message)")} };
         process.on("uncaughtException", said);
         docker.ping().catch(said);`,
    );
    expect(error).toContain("ECONNREFUSED");
});
