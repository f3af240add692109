/** The first message of a client, as PostgreSQL's protocol has it. Pure. */

const CANCEL = 80877102;
const SSL = 80877103;
const GSS = 80877104;
/** What PostgreSQL itself takes for no startup packet. */
const LONGEST = 10_000;

export type FirstMessage =
    /** Not all of it is there yet. */
    | { readonly kind: "part" }
    /** A request for encryption, of so many bytes: `N` declines it, and another first message follows. */
    | { readonly kind: "encryption"; readonly length: number }
    | { readonly kind: "cancel" }
    | { readonly kind: "startup"; readonly database: string }
    /** No client of PostgreSQL's, or one that speaks TLS without asking. */
    | { readonly kind: "foreign" };

export function firstMessage(bytes: Buffer): FirstMessage {
    if (bytes.length < 4) {
        return { kind: "part" };
    }
    const length = bytes.readUInt32BE(0);
    if (length < 8 || length > LONGEST) {
        return { kind: "foreign" };
    }
    if (bytes.length < length) {
        return { kind: "part" };
    }
    switch (bytes.readUInt32BE(4)) {
        case SSL:
        case GSS:
            return { kind: "encryption", length };
        case CANCEL:
            return { kind: "cancel" };
        default: {
            const parameters = parametersIn(bytes.subarray(8, length));
            return { kind: "startup", database: parameters.get("database") || parameters.get("user") || "" };
        }
    }
}

function parametersIn(bytes: Buffer): Map<string, string> {
    const words = bytes.toString().split("\0");
    const parameters = new Map<string, string>();
    for (let at = 0; at + 1 < words.length && words[at] !== ""; at += 2) {
        parameters.set(words[at] ?? "", words[at + 1] ?? "");
    }
    return parameters;
}
