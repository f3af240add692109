/** What an error of a statement says is missing, where a missing upstream explains it. Pure. */

/** An error as PostgreSQL gives it. */
export interface ServerError {
    /** SQLSTATE. */
    readonly code: string;
    readonly message: string;
    /** Where postgres_fdw puts libpq's own message. */
    readonly detail?: string;
}

/** What to make, so that the statement can be run again. */
export type Mend =
    /** A role that the schema mentions and does not create. */
    | { readonly kind: "role"; readonly name: string }
    | { readonly kind: "port"; readonly port: number }
    | { readonly kind: "socket"; readonly directory: string; readonly port: number }
    | { readonly kind: "tls" }
    /** The authority's certificate where a connection looks for it. */
    | { readonly kind: "authority"; readonly path: string }
    /** A client's certificate or key where a connection looks for it. */
    | { readonly kind: "client"; readonly path: string }
    /** Somebody insists on being asked by SCRAM. */
    | { readonly kind: "scram" }
    /** Somebody who has no password was asked for one. */
    | { readonly kind: "trust" }
    | { readonly kind: "remote-schema"; readonly schema: string; readonly server: string }
    /** A relation or a column, as the message names it, that an import may have to bring or an upstream lacks. */
    | { readonly kind: "imported"; readonly name: string };

/** Files at these paths are looked for by libpq; where none is named its own default stands in the message. */
function missingFile(message: string): Mend | undefined {
    const authority =
        /root certificate file "([^"]+)" does not exist|could not read root certificate file "([^"]+)"/.exec(message);
    const path = authority?.[1] ?? authority?.[2];
    if (path !== undefined) {
        return { kind: "authority", path };
    }
    const client =
        /could not open certificate file "([^"]+)"|could not (?:open|read|load) (?:certificate|private key) file "([^"]+)"|private key file "([^"]+)"/.exec(
            message,
        );
    const found = client?.[1] ?? client?.[2] ?? client?.[3];
    return found === undefined ? undefined : { kind: "client", path: found };
}

function connection(message: string): Mend | undefined {
    const socket =
        /connection to server on socket "(\/.*)\/\.s\.PGSQL\.(\d+)" failed: (?:No such file|Connection refused)/.exec(
            message,
        );
    if (socket !== null) {
        return { kind: "socket", directory: socket[1] ?? "", port: Number(socket[2]) };
    }
    const port = /, port (\d+) failed: (?:Connection refused|could not connect)/.exec(message);
    if (port !== null) {
        return { kind: "port", port: Number(port[1]) };
    }
    if (/channel binding required, but SSL not in use/.test(message)) {
        return { kind: "tls" };
    }
    if (/channel binding (?:is )?required|authentication method requirement/.test(message)) {
        return { kind: "scram" };
    }
    if (/no password supplied/.test(message)) {
        return { kind: "trust" };
    }
    return missingFile(message) ?? (/server does not support SSL/.test(message) ? { kind: "tls" } : undefined);
}

/** What would mend an error; undefined where it is the schema's own matter. */
export function mendOf({ code, message, detail = "" }: ServerError): Mend | undefined {
    // 08001: no connection; 08006 and 58000 are what dblink and others make of it.
    if (/^08/.test(code) || /could not (?:connect|establish connection)/.test(message)) {
        return connection(`${message}\n${detail}`);
    }
    const role = /^role "(.*)" does not exist$/.exec(message);
    if (role !== null && (code === "42704" || code === "22023")) {
        return { kind: "role", name: role[1] ?? "" };
    }
    const schema = /^schema "(.*)" is not present on foreign server "(.*)"$/.exec(message);
    if (schema !== null) {
        return { kind: "remote-schema", schema: schema[1] ?? "", server: schema[2] ?? "" };
    }
    const imported =
        code === "42P01"
            ? /^relation "(.*)" does not exist$/.exec(message)
            : code === "42703"
              ? /column (?:"(.*?)"|(\S+)) (?:of relation ".*" )?does not exist/.exec(message)
              : null;
    if (imported !== null) {
        return { kind: "imported", name: imported[1] ?? imported[2] ?? "" };
    }
    return undefined;
}
