import { Client } from "pg";
import { GenericContainer, Wait } from "testcontainers";
import { byHandSettings } from "./by-hand";

/**
 * The same as `upByHand`, with Testcontainers for Node.js: the image with the same settings, its usual wait for
 * PostgreSQL, and the SQL through a client.
 *
 * @returns what takes it away.
 */
export async function upWithTestcontainers(image: string, tables: readonly string[]): Promise<() => Promise<unknown>> {
    // Its clean-up container needs an image of its own, which no registry may be there for.
    process.env.TESTCONTAINERS_RYUK_DISABLED = "true";
    const container = await new GenericContainer(image)
        .withEnvironment({ POSTGRES_PASSWORD: "by-hand", POSTGRES_INITDB_ARGS: "--no-sync" })
        .withExposedPorts(5432)
        .withExtraHosts([{ host: "upstream_db", ipAddress: "127.0.0.1" }])
        .withCommand(byHandSettings(tables.length))
        .withWaitStrategy(
            Wait.forAll([
                Wait.forLogMessage(/database system is ready to accept connections/, 2),
                Wait.forListeningPorts(),
            ]),
        )
        .start();
    const run = async (database: string, statements: readonly string[]) => {
        const client = new Client({
            host: container.getHost(),
            port: container.getMappedPort(5432),
            user: "postgres",
            password: "by-hand",
            database,
        });
        await client.connect();
        for (const statement of statements) {
            await client.query(statement);
        }
        await client.end();
    };
    await run("postgres", ["CREATE DATABASE upstream_db", "CREATE DATABASE dev"]);
    await run("upstream_db", [`BEGIN; ${tables.join("; ")}; COMMIT`]);
    return () => container.stop();
}
