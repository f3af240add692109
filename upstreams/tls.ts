/** The certificates that the container makes for itself at its first start, and where it puts them. */
import { isIP } from "node:net";
import { demandsTls } from "./connection";
import type { Upstream } from "./model";
import { canonicalHost, isSocketFolder } from "./names";

/** Default places of libpq, in the home folder of the system user that runs the server. */
const DEFAULT_CERT = "~/.postgresql/postgresql.crt";
const DEFAULT_KEY = "~/.postgresql/postgresql.key";

/** What is put where: a path is absolute, or relative to the data directory, or begins with `~/`. */
export interface TlsFile {
    readonly kind: "ca" | "cert" | "key" | "crl" | "crldir";
    readonly path: string;
}

export interface Tls {
    /** Whether an upstream demands it, so that an image without `openssl` is no use. */
    readonly required: boolean;
    /** Names and addresses that the server's certificate is for. */
    readonly names: readonly string[];
    readonly files: readonly TlsFile[];
}

/** Whether a client certificate is shown. */
export function showsCertificate({ sslcert, sslcertmode }: Readonly<Record<string, string | undefined>>): boolean {
    return sslcertmode !== "disable" && (sslcert !== undefined || sslcertmode === "require");
}

/** Works out the certificates for a list of upstreams. */
export function planTls(upstreams: readonly Upstream[]): Tls {
    const connections = upstreams.flatMap((upstream) => upstream.connections ?? []);
    const files = connections.flatMap((connection): TlsFile[] => {
        const { sslrootcert, sslcrl, sslcrldir, sslcert, sslkey } = connection;
        const own: Array<readonly [TlsFile["kind"], string | undefined]> = [
            ["ca", sslrootcert === "system" ? undefined : sslrootcert],
            ["crl", sslcrl],
            ["crldir", sslcrldir],
        ];
        if (showsCertificate(connection)) {
            // A key in an engine has a colon in its name, and no file.
            const key = /^[^/]*:/.test(sslkey ?? "") ? undefined : (sslkey ?? DEFAULT_KEY);
            own.push(["cert", sslcert ?? DEFAULT_CERT], ["key", key]);
        }
        return own.flatMap(([kind, path]) => (path === undefined ? [] : [{ kind, path }]));
    });
    const hosts = upstreams
        .flatMap(({ host, hostaddr }) => [host, ...(hostaddr === undefined ? [] : [hostaddr])])
        .filter((host) => !isSocketFolder(host))
        .map(canonicalHost);
    const isPath = ({ path }: TlsFile) => !/[\0\r\n]/.test(path);
    return {
        required: connections.some(demandsTls),
        names: [...new Set(["localhost", "127.0.0.1", "::1", ...hosts])],
        files: files
            .filter(isPath)
            .filter((one, i, all) => all.findIndex((a) => a.kind === one.kind && a.path === one.path) === i),
    };
}

/** The configuration of `openssl`: one section for each certificate. */
export function opensslConfiguration({ names }: Tls): string {
    // libpq before PostgreSQL 15 compares an address with the names; later ones with the addresses.
    const alternatives = names.flatMap((name) => (isIP(name) === 0 ? [`DNS:${name}`] : [`IP:${name}`, `DNS:${name}`]));
    return `[req]
distinguished_name = subject
prompt = no

[subject]
CN = fdw-stub

[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash

[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = @names

[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth

[authority]
database = index
default_md = sha256

[names]
${alternatives.map((name, n) => name.replace(/^(\w+):/, `$1.${n + 1} = `)).join("\n")}
`;
}

/** What is put where, one a line: kind and path. */
export function tlsFile({ files }: Tls): string {
    return files.map(({ kind, path }) => `${kind} ${path}\n`).join("");
}
