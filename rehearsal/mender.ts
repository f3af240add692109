/** Makes what a statement found missing, so that it can be run again. */

import type { Place } from "../schema/report";
import { quoteIdent } from "../upstreams/quote";
import type { Answering } from "./answering";
import type { Cluster } from "./cluster";
import type { Facts } from "./facts";
import { type Knowledge, plainNames } from "./knowledge";
import type { Mend } from "./mend";
import { runStatement } from "./running";
import { clientFiles, databasesOfServer, userOf } from "./servers";
import type { Session } from "./session";

export class Mender {
    constructor(
        private readonly answering: Answering,
        private readonly cluster: Cluster,
        private readonly knowledge: Knowledge,
        private readonly facts: Facts,
        /** Brings what imports and dblink name; false where nothing more is known. */
        private readonly provide: (session: Session) => Promise<boolean>,
    ) {}

    /**
     * @param session Where the statement failed.
     * @param place The statement's place.
     * @returns false where nothing could be made.
     */
    async mend(mend: Mend, session: Session, place: Place): Promise<boolean> {
        const { answering, cluster, knowledge, facts } = this;
        switch (mend.kind) {
            case "role": {
                if (!(await cluster.role(mend.name))) {
                    return false;
                }
                knowledge.roles.set(mend.name, place);
                if (session.state === "T") {
                    // The session remembers until the transaction's end that there was none; this makes it look again.
                    await runStatement(session, {
                        sql: `COMMENT ON ROLE ${quoteIdent(mend.name)} IS NULL`,
                        words: ["COMMENT"],
                    });
                }
                return true;
            }
            case "port":
                knowledge.ports.add(mend.port);
                await answering.listen(mend.port);
                return true;
            case "socket":
                knowledge.sockets.add(`${mend.directory}\0${mend.port}`);
                await answering.socket(mend.directory, mend.port);
                return true;
            case "tls":
                knowledge.tls = true;
                await answering.tls();
                return true;
            case "authority":
                knowledge.tls = true;
                knowledge.authorities.add(mend.path);
                await answering.tls();
                await answering.authority(mend.path);
                return true;
            case "client": {
                const [certificate, key] = clientFiles(facts, mend.path);
                knowledge.clients.set(certificate, key);
                await answering.client(certificate, key, "client");
                return true;
            }
            case "scram":
                // Those that the user mappings tell; what only a connection string holds is not known.
                for (const { options } of facts.mappings) {
                    if (options.password !== undefined && options.password !== "") {
                        await answering.scram(userOf(options), options.password);
                        knowledge.passwords.set(userOf(options), options.password);
                    }
                }
                return true;
            case "trust": {
                await answering.sync();
                const users = answering.takeUnanswered();
                for (const user of users) {
                    knowledge.trusted.add(user);
                    await answering.trust(user);
                }
                return users.length > 0;
            }
            case "remote-schema": {
                const stubs = databasesOfServer(facts, mend.server, plainNames(knowledge));
                const open = stubs.filter((stub) => !knowledge.frozen.has(stub));
                for (const database of open) {
                    await cluster.database(database);
                    await (await cluster.in(database)).query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdent(mend.schema)}`);
                }
                return open.length > 0;
            }
            default:
                return this.provide(session);
        }
    }
}
