/**
 * The client programs of the stack's own image, in a throw-away container without a network and without mounts: what
 * they connect to is reached by this process (`tunnel.ts`), so that a host name means what it means to the user. The
 * container lives as long as the process that made it keeps its standard input open.
 */

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { rootCertificates } from "node:tls";
import type Docker from "dockerode";
import { createContainer, statusCode, unlessGone } from "../docker/client";
import { LABEL } from "../docker/labels";
import { tarOf } from "../docker/tar";
import { ATTACHED, duplexOf, execOutput, execStream, ISOLATED } from "../rehearsal/exec";
import { InputError } from "../upstreams/errors";
import { FILES, type PullConnection } from "./connection";
import { Tunnel } from "./tunnel";

const HOME = "/pull";
const SERVICE = "upstream";
const MEMORY = 1024 ** 3;
/** Where systems keep the authorities that they trust. */
const AUTHORITIES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/** Before a command: the password, which Docker is not told, and the image's own programs. */
const PREPARED = `. ${HOME}/secrets; PATH="/usr/lib/postgresql/$PG_MAJOR/bin:$PATH"`;

/** Bounds of what the upstream is asked for. */
export interface Limits {
    /** Seconds that a statement may take. */
    readonly statement: number;
    /** Seconds that a lock is waited for. */
    readonly lock: number;
}

interface SecretFile {
    readonly file: string;
    readonly content: string;
}

function readNamed(option: string, path: string): string {
    try {
        return readFileSync(path, "utf8");
    } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new InputError(`The file that ${option} names cannot be read (${why}).`);
    }
}

/** Files of this machine that libpq reads, those in the home folder included, and the options that name them. */
function filesOf({ files, options }: PullConnection): { files: SecretFile[]; options: Record<string, string> } {
    const found = Object.entries(FILES).flatMap(([option, standard]) => {
        const named = files[option];
        if (named !== undefined) {
            return [{ option, content: readNamed(option, named) }];
        }
        const path = standard === undefined ? undefined : join(homedir(), standard);
        const taken = option === "sslrootcert" && options.sslrootcert === "system";
        return path !== undefined && !taken && existsSync(path) ? [{ option, content: readNamed(option, path) }] : [];
    });
    return {
        files: found.map(({ option, content }) => ({ file: `${HOME}/${option}`, content })),
        options: Object.fromEntries(found.map(({ option }) => [option, `${HOME}/${option}`])),
    };
}

function systemAuthorities(): string {
    const file = AUTHORITIES.find((path) => existsSync(path));
    return file === undefined ? rootCertificates.join("\n") : readFileSync(file, "utf8");
}

function secretVariables({ password }: PullConnection): string {
    return password === undefined ? "" : `export PGPASSWORD='${password.replaceAll("'", "'\\''")}'\n`;
}

export class PullClient {
    private constructor(
        private readonly container: Docker.Container,
        private readonly connection: PullConnection,
        readonly tunnel: Tunnel,
        private readonly environment: readonly string[],
    ) {}

    /**
     * @throws InputError where a file that the connection names cannot be read, or the image has no perl.
     */
    static async start(
        docker: Docker,
        image: { readonly id: string; readonly name: string },
        connection: PullConnection,
        limits: Limits,
    ): Promise<PullClient> {
        const { files, options } = filesOf(connection);
        const safe = `-c default_transaction_read_only=on -c statement_timeout=${limits.statement}s -c lock_timeout=${limits.lock}s`;
        const service = Object.entries({
            ...connection.options,
            ...options,
            options: `${connection.options.options ?? ""} ${safe}`.trim(),
            // There are no credentials of Kerberos in the container.
            gssencmode: "disable",
            application_name: "fdw-stub pull",
        }).map(([name, value]) => `${name}=${value}`);
        const container = await createContainer(docker, {
            Image: image.id,
            Labels: { [LABEL.pull]: String(process.pid) },
            Entrypoint: ["perl", `${HOME}/tunnel.pl`, ...connection.targets.map(({ listen }) => listen)],
            ...ATTACHED,
            HostConfig: { ...ISOLATED, Memory: MEMORY, PidsLimit: 256 },
        });
        const said: string[] = [];
        try {
            const source = readFileSync(join(__dirname, "..", "pull", "server", "tunnel.pl"), "utf8");
            await container.putArchive(
                await tarOf([
                    { file: `${HOME}/tunnel.pl`, content: source, executable: false },
                    ...[
                        ...files,
                        { file: `${HOME}/secrets`, content: secretVariables(connection) },
                        { file: `${HOME}/services`, content: `[${SERVICE}]\n${service.join("\n")}\n` },
                        ...(connection.options.sslrootcert === "system"
                            ? [{ file: `${HOME}/authorities`, content: systemAuthorities() }]
                            : []),
                    ].map((one) => ({ ...one, executable: false, secret: true })),
                ]),
                { path: "/" },
            );
            const socket = await container.attach({
                stream: true,
                stdin: true,
                stdout: true,
                stderr: true,
                hijack: true,
            });
            const stream = duplexOf(container, socket, (text) => said.push(text));
            const tunnel = new Tunnel(stream, connection.targets);
            await container.start();
            await Promise.race([
                tunnel.ready,
                new Promise((_, reject) => {
                    stream.once("close", () => reject(new Error(said.join("").trim())));
                    stream.once("error", reject);
                }),
            ]);
            return new PullClient(container, connection, tunnel, [
                `PGSERVICEFILE=${HOME}/services`,
                `PGSERVICE=${SERVICE}`,
                `PGUSER=${connection.user}`,
                `PGDATABASE=${connection.database}`,
                "PGCLIENTENCODING=UTF8",
                ...(connection.options.sslrootcert === "system" ? [`SSL_CERT_FILE=${HOME}/authorities`] : []),
                // Messages are read here.
                "LC_ALL=C.UTF-8",
            ]);
        } catch (error) {
            await unlessGone(container.remove({ force: true, v: true })).catch(() => undefined);
            if (error instanceof InputError) {
                throw error;
            }
            const why = [...said, error instanceof Error ? error.message : String(error)].join(" ").trim();
            throw new InputError(
                `pg_dump cannot be run in a container of the image ${image.name}: ${why}. The image must be the official postgres image in a tag made from Debian, or one made from it: perl is needed.`,
            );
        }
    }

    /** Runs a shell command with the image's programs in it, logged in at the upstream by libpq's variables. */
    run(command: string, args: readonly string[] = []): Promise<string> {
        return execOutput(
            this.container,
            ["sh", "-c", `${PREPARED}; ${command}`, "sh", ...args],
            "root",
            this.environment,
        );
    }

    /** The same, with both of its ends open. */
    open(command: string, onError: (text: string) => void): Promise<Duplex> {
        return execStream(
            this.container,
            ["sh", "-c", `${PREPARED}; exec ${command}`],
            "root",
            this.environment,
            onError,
        );
    }

    /** Puts a text into a file of the container. */
    async put(file: string, content: string): Promise<void> {
        await this.container.putArchive(await tarOf([{ file, content, executable: false }]), { path: "/" });
    }

    /** What a program said, without the password, wherever it stands, and with the hosts that the user knows. */
    asUserKnows(text: string): string {
        const { password = "", targets } = this.connection;
        const secrets = password === "" ? [] : [password, encodeURIComponent(password)];
        const named = targets.reduce(
            (one, { host }, index) =>
                one.replaceAll(` (127.0.1.${index + 1})`, "").replaceAll(`"127.0.1.${index + 1}"`, `"${host}"`),
            text,
        );
        return secrets.reduce((one, secret) => one.replaceAll(secret, "***"), named);
    }

    /** Ends the container, which removes itself. */
    async end(): Promise<void> {
        this.tunnel.end();
        await unlessGone(this.container.remove({ force: true, v: true })).catch((error: unknown) => {
            // 409: its own removal is under way.
            if (statusCode(error) !== 409) {
                throw error;
            }
        });
    }
}
