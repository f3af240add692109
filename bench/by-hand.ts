import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { serverSources } from "../components/prepare";
import { planServer } from "../upstreams/server";
import { planStubs } from "../upstreams/stubs";

const NAME = "fdw-stub-bench-by-hand";
const PORT = "29999";

function docker(args: readonly string[], input?: string): string {
    const { status, stdout, stderr } = spawnSync("docker", args, { encoding: "utf8", input, maxBuffer: 1 << 28 });
    if (status !== 0) {
        throw new Error(`docker ${args.slice(0, 3).join(" ")}: ${stderr}`);
    }
    return stdout;
}

/** Removes what `upByHand` made. */
export function downByHand(): void {
    for (const args of [
        ["rm", "-f", "-v", NAME],
        ["network", "rm", NAME],
    ]) {
        spawnSync("docker", args);
    }
}

/** The stack's own settings, without those that only its files make sense of. */
export function byHandSettings(tables: number): string[] {
    const size = [{ control: { name: "", content: "" }, size: tables }];
    const plan = planServer(planStubs([]), size, {}, "postgres", serverSources());
    return plan.command.slice(1).filter((word, i, all) => {
        const pair = word === "-c" ? (all[i + 1] ?? "") : word;
        return !pair.startsWith("hba_file=");
    });
}

/**
 * What a careful person would type: a network, the container with the same settings as the stack's, a wait, and the
 * tables by psql in one transaction. This is the floor that the product is measured against.
 */
export async function upByHand(image: string, tables: readonly string[]): Promise<void> {
    docker(["network", "create", NAME]);
    docker([
        "run",
        "--detach",
        "--name",
        NAME,
        "--network",
        NAME,
        "--add-host",
        "upstream_db:127.0.0.1",
        "--publish",
        `127.0.0.1:${PORT}:5432`,
        "--env",
        "POSTGRES_PASSWORD=by-hand",
        "--env",
        "POSTGRES_INITDB_ARGS=--no-sync",
        image,
        ...byHandSettings(tables.length),
    ]);
    const psql = (database: string, sql: string) =>
        docker(
            ["exec", "-i", NAME, "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", database],
            sql,
        );
    for (;;) {
        if (spawnSync("docker", ["exec", NAME, "pg_isready", "-q", "-h", "127.0.0.1"]).status === 0) {
            break;
        }
        await sleep(50);
    }
    psql("postgres", "CREATE DATABASE upstream_db;\nCREATE DATABASE dev;\n");
    psql("upstream_db", `BEGIN;\n${tables.join(";\n")};\nCOMMIT;\n`);
}
