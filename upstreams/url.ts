/** Where a database of the server can be reached. */
export interface DatabaseAddress {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
}

/**
 * The URL that Atlas, libpq, pgx and node-postgres read alike. Every part is percent-encoded, `'` and `!` too:
 * encodeURIComponent leaves them, and shells and YAML do not. node-postgres alone keeps some characters of a
 * database's name encoded (`/ ? # & @ …`); the names that are handed out have none of them.
 */
export function databaseUrl(address: DatabaseAddress): string {
    const encode = (text: string) =>
        encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
    const login = `${encode(address.user)}:${encode(address.password)}`;
    return `postgres://${login}@${address.host}:${address.port}/${encode(address.database)}?sslmode=disable`;
}
