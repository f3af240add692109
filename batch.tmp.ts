import { readdirSync, readFileSync, existsSync } from "node:fs";
import { connectDocker } from "/tmp/w/wt/rehearsal/docker/client";
import { rehearse } from "/tmp/w/wt/rehearsal/rehearsal/rehearse";
import { stubExtension } from "/tmp/w/wt/rehearsal/upstreams/script";
import { planServer } from "/tmp/w/wt/rehearsal/upstreams/server";
import { planStubs } from "/tmp/w/wt/rehearsal/upstreams/stubs";
import { parse } from "yaml";
const EX = "/tmp/w/wt/rehearsal/examples/schemas/";
const exampleNames = () => readdirSync(EX).sort();
const expectationOf = (n: string): any => { const e: any = parse(readFileSync(EX + n + "/expect.yaml", "utf8"), { merge: true }); return { paths: ["."], variables: {}, roles: [], errors: [], ...e, upstreams: e.upstreams.map((u: any) => ({ port: 5432, users: [], extensions: [], ...u })) }; };
const inputOf = (n: string) => { const e = expectationOf(n); return { paths: e.paths.map((p: string) => EX + n + (p === "." ? "" : "/" + p)), variables: e.variables }; };
import { finalServer } from "/tmp/w/wt/rehearsal/components/derive";
import { parseConfiguration } from "/tmp/w/wt/rehearsal/upstreams/parse";
import { RehearsalServer } from "/tmp/w/wt/rehearsal/rehearsal/container";
import { rehearseOn } from "/tmp/w/wt/rehearsal/rehearsal/rehearse";
let shared: Promise<RehearsalServer> | undefined;
async function one(paths: readonly string[], variables: any) {
    const docker = await connectDocker();
    const options = { image: "fdw-stub/postgres-stand-in:18", devUser: "postgres", settings: {} };
    shared ??= RehearsalServer.start(docker, options);
    const configuration = parseConfiguration({ schema: [...paths], variables });
    return rehearseOn(await shared, { ...options, paths, variables, devDatabase: "dev", declared: [], roles: [], baseline: [], strict: false, final: (u, r) => finalServer(configuration, u, r, process.cwd()) });
}
const key = (e: any) => `${e.host}:${e.port}/${e.database}`;
async function main() {
    const what = process.argv.slice(2);
    for (const name of what.length ? what : [...readdirSync("/work/shared/cases").filter((f) => f.endsWith(".sql")), ...exampleNames()]) {
        const t = Date.now();
        try {
            if (process.env.LEARN_ONLY) { (globalThis as any).learnOnly = true; }
            if (name.endsWith(".sql")) {
                const file = "/work/shared/cases/" + name;
                const r = await one([file], {});
                console.log(`== ${name}: ${readFileSync(file, "utf8").split("\n").slice(0, 2).filter((l) => l.startsWith("--")).join(" ")}`);
                console.log("   got", r.upstreams.map(key).join(", "), JSON.stringify(r.ran), Date.now() - t, "ms");
                for (const f of r.findings) console.log("   ", f.severity, f.code, f.line, f.message.slice(0, 200));
            } else {
                const exp = expectationOf(name); const input = inputOf(name);
                const r = await one(input.paths, input.variables ?? {});
                const shown = r.upstreams.map((u) => [key(u), { users: u.users.map((x) => x.name).sort(), extensions: u.extensions.map((x: any) => x.name), tables: Object.fromEntries((r.origins.find((o) => key(o) === key(u))?.tables ?? []).map((t) => [`${t.schema}.${t.name}`, t.columns.map((c) => `${c.name} ${c.type}`).sort()])) }] as const);
                const wanted = exp.upstreams.map((u) => [key(u), { users: [...u.users].sort(), extensions: u.extensions.map((x: any) => x.name), tables: Object.fromEntries(Object.entries(u.tables).map(([t, c]) => [t, [...c].sort()])) }] as const);
                const diffs: string[] = [];
                for (const [k, v] of wanted) { const s = shown.find(([x]) => x === k); if (!s) diffs.push("missing " + k); else { for (const p of ["users", "extensions"] as const) if (JSON.stringify(s[1][p]) !== JSON.stringify(v[p])) diffs.push(`${k} ${p}: ${JSON.stringify(s[1][p])} wanted ${JSON.stringify(v[p])}`); for (const t of new Set([...Object.keys(v.tables), ...Object.keys(s[1].tables)])) if (JSON.stringify(v.tables[t]) !== JSON.stringify(s[1].tables[t])) diffs.push(`${k} ${t}: ${JSON.stringify(s[1].tables[t])} wanted ${JSON.stringify(v.tables[t])}`); } }
                for (const [k] of shown) if (!wanted.some(([x]) => x === k)) diffs.push("extra " + k);
                const roles = r.roles.map((x) => x.name).sort();
                if (JSON.stringify(roles) !== JSON.stringify([...exp.roles].sort())) diffs.push(`roles ${JSON.stringify(roles)} wanted ${JSON.stringify(exp.roles)}`);
                console.log(`== ${name}: ${diffs.length === 0 ? "SAME" : "DIFF"} ${JSON.stringify(r.ran)} errors wanted ${exp.errors} ${Date.now() - t} ms`);
                for (const d of diffs) console.log("   -", d);
                for (const f of r.findings) if (f.severity !== "note") console.log("   ", f.severity, f.code, f.line, f.message.slice(0, 240));
            }
        } catch (e: any) { console.log(`== ${name}: THROWN ${e.message} ${e.stack?.split("\n").slice(1, 4).join(" ")}`); }
    }
}
main().then(async () => (await shared)?.end());
