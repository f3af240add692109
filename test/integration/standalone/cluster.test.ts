import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { serverSources } from "../../../components/prepare";
import { connectDocker, unlessGone } from "../../../docker/client";
import { chooseImage } from "../../../docker/image";
import { type ArchiveFile, tarOf } from "../../../docker/tar";
import { column, withClient } from "../../../server/connect";
import { CLUSTERS_PATH, planServer } from "../../../upstreams/server";
import { planStubs } from "../../../upstreams/stubs";

const LIMIT_MS = 120_000;
const run = promisify(execFile);

/** How a server is started, where it is not as a stack's is. */
interface Start {
    readonly env?: Readonly<Record<string, string>>;
    readonly files?: readonly ArchiveFile[];
    readonly settings?: Readonly<Record<string, string>>;
    /** Without it nothing is kept. */
    readonly clusters?: string;
}

describe("the data directory of a new server", () => {
    let docker: Docker;
    let image: string;
    const volume = `fdw-stub-test-clusters-${randomBytes(4).toString("hex")}`;
    const containers: Docker.Container[] = [];

    beforeAll(async () => {
        docker = await connectDocker();
        image = (await chooseImage(docker, "postgres:18")).reference;
    });

    afterEach(async () => {
        await Promise.all(containers.splice(0).map((one) => unlessGone(one.remove({ force: true, v: true }))));
    }, LIMIT_MS);

    afterAll(async () => {
        await unlessGone(docker.getVolume(volume).remove());
    });

    async function start({ env = {}, files = [], settings = {}, clusters }: Start = {}): Promise<string> {
        const plan = planServer(planStubs([]), [], settings, "postgres", serverSources());
        const all = {
            POSTGRES_USER: "postgres",
            POSTGRES_PASSWORD: "one",
            POSTGRES_DB: "postgres",
            ...plan.environment,
        };
        const container = await docker.createContainer({
            Image: image,
            Entrypoint: [...plan.entrypoints],
            Cmd: [...plan.command],
            Env: Object.entries({ ...all, ...env }).map(([name, value]) => `${name}=${value}`),
            ExposedPorts: { "5432/tcp": {} },
            HostConfig: {
                Init: true,
                Binds: clusters === undefined ? [] : [`${clusters}:${CLUSTERS_PATH}`],
                PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
            },
        });
        containers.push(container);
        const empty = { file: "/fdw-stub/extension/none.control", content: "", executable: false };
        await container.putArchive(await tarOf([...plan.files, empty, ...files]), { path: "/" });
        await container.start();
        await ready(container.id);
        return container.id;
    }

    /** Runs a shell script in a container. */
    async function shell(id: string, script: string): Promise<string> {
        const { stdout } = await run("docker", ["exec", id, "sh", "-euc", script]);
        return stdout.trim();
    }

    async function ready(id: string): Promise<void> {
        await expect
            .poll(() => shell(id, "pg_isready -q -h 127.0.0.1 && echo yes").catch(() => "no"), { timeout: 60_000 })
            .toBe("yes");
    }

    const logs = async (id: string) => {
        const { stdout, stderr } = await run("docker", ["logs", id]);
        return stdout + stderr;
    };
    /** Logs in from outside, where everybody is asked for the password. */
    async function enters(id: string, password: string, user = "postgres"): Promise<string | undefined> {
        const { NetworkSettings } = await docker.getContainer(id).inspect();
        const port = Number(NetworkSettings.Ports["5432/tcp"]?.[0]?.HostPort);
        return withClient({ host: "127.0.0.1", port, user, password, database: "postgres" }, async (client) => {
            const [identifier] = await column(client, "SELECT system_identifier::text FROM pg_control_system()");
            return identifier;
        });
    }
    const kept = (id: string) => shell(id, `ls ${CLUSTERS_PATH}`).then((text) => text.split("\n"));
    const isKept = (id: string, count: number) =>
        expect
            .poll(async () => (await kept(id)).filter((name) => /^[0-9a-f]{16}$/.test(name)).length, {
                timeout: 60_000,
            })
            .toBe(count);

    test(
        "is initialised once for each image, kept without a password, and copied from then on",
        async () => {
            const first = await start({ clusters: volume });
            expect(await logs(first)).toContain("creating subdirectories");
            expect(await logs(first)).not.toContain("init process complete");
            // Made by a run that was killed; a second start finds it.
            await isKept(first, 1);
            const data = `${CLUSTERS_PATH}/*/data`;
            expect(await shell(first, `cat ${data}/PG_VERSION; stat -c %a ${CLUSTERS_PATH}/*`)).toBe("18\n700");
            await expect(shell(first, `grep -rl SCRAM-SHA-256 ${data}/global ${data}/pg_wal`)).rejects.toThrow();
            expect(await shell(first, `! gosu postgres ls ${data} 2>/dev/null && echo closed`)).toBe("closed");
            const identifier = await enters(first, "one");

            const second = await start({ clusters: volume, env: { POSTGRES_PASSWORD: "two" } });
            expect(await logs(second)).not.toContain("creating subdirectories");
            const copied = await enters(second, "two");
            expect(copied).not.toBe(identifier);
            await expect(enters(second, "one")).rejects.toThrow("password authentication failed");
            expect(await shell(second, 'tail -n 1 "$PGDATA/pg_hba.conf"')).toBe("host all all all scram-sha-256");
            const third = await start({ clusters: volume });
            expect(await enters(third, "one")).toBe(copied);

            // Others are initialised in other ways, and a half one that is old is made anew.
            await shell(
                third,
                `mkdir -p ${CLUSTERS_PATH}/old.new/data; touch -d '1 hour ago' ${CLUSTERS_PATH}/old.new`,
            );
            const other = await start({
                clusters: volume,
                env: { POSTGRES_USER: "me", POSTGRES_INITDB_ARGS: "--no-sync --locale='C' --encoding=UTF8" },
            });
            expect(await enters(other, "one", "me")).not.toBe(copied);
            await isKept(other, 2);
            expect(await kept(other)).not.toContain("old.new");
        },
        LIMIT_MS,
    );

    test.each<[string, Start, string, string]>([
        [
            "a password of any characters",
            { clusters: volume, env: { POSTGRES_PASSWORD: `a "b" $c \\ é` } },
            "",
            "creating subd",
        ],
        [
            "a method of its own for passwords",
            { settings: { password_encryption: "md5" } },
            'tail -n 1 "$PGDATA/pg_hba.conf" | grep -x "host all all all md5"',
            "creating subd",
        ],
        [
            "another place",
            { clusters: volume, env: { PGDATA: "/elsewhere/data" } },
            "cat /elsewhere/data/PG_VERSION",
            "creating subd",
        ],
        [
            "half of one, as a container has that was killed meanwhile",
            {
                clusters: volume,
                files: [
                    { file: "/fdw-stub/filling", content: "", executable: false },
                    { file: "/var/lib/postgresql/18/docker/PG_VERSION", content: "18\n", executable: false },
                ],
            },
            "[ ! -e /fdw-stub/filling ]",
            "ready to accept",
        ],
        [
            "scripts of the image's own: it makes it itself",
            {
                clusters: volume,
                files: [
                    { file: "/docker-entrypoint-initdb.d/1.sql", content: "CREATE TABLE own ();\n", executable: false },
                ],
            },
            `psql -qAtX -h 127.0.0.1 -U postgres -c "SELECT 'own'::regclass"`,
            "init process complete",
        ],
        [
            "another rule for who is asked: it makes it itself",
            { clusters: volume, env: { POSTGRES_HOST_AUTH_METHOD: "md5" } },
            'tail -n 1 "$PGDATA/pg_hba.conf" | grep -x "host all all all md5"',
            "init process complete",
        ],
    ])(
        "with %s",
        async (_, how, check, said) => {
            const id = await start(how);
            expect(await logs(id)).toContain(said);
            await shell(id, check === "" ? ":" : check);
            await enters(id, how.env?.POSTGRES_PASSWORD ?? "one");
        },
        LIMIT_MS,
    );
});
