/** Has a fresh cluster answer as it is known by now that it must. */

import type { Answering } from "./answering";
import { type Knowledge, plainNames } from "./knowledge";

export async function prepareAnswers(answering: Answering, knowledge: Knowledge): Promise<void> {
    if (knowledge.tls) {
        await answering.tls();
    }
    await Promise.all([
        ...[...plainNames(knowledge)].map((database) => answering.plain(database)),
        ...[...knowledge.ports].map((port) => answering.listen(port)),
        ...[...knowledge.sockets].map((key) => {
            const [directory = "", port] = key.split("\0");
            return answering.socket(directory, Number(port));
        }),
        ...[...knowledge.trusted].map((user) => answering.trust(user)),
        ...[...knowledge.passwords].map(([user, password]) => answering.scram(user, password)),
        ...[...knowledge.authorities].map((path) => answering.authority(path)),
        ...[...knowledge.clients].map(([certificate, key]) => answering.client(certificate, key, "client")),
    ]);
}
