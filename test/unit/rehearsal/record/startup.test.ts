import fc from "fast-check";
import { serialize } from "pg-protocol";
import { describe, expect, test } from "vitest";
import { firstMessage } from "../../../../rehearsal/record/startup";

/** A message of a length and a code, without more. */
function request(code: number, ...more: number[]): Buffer {
    const bytes = Buffer.alloc(8 + 4 * more.length);
    bytes.writeUInt32BE(bytes.length, 0);
    bytes.writeUInt32BE(code, 4);
    more.forEach((value, i) => {
        bytes.writeUInt32BE(value, 8 + 4 * i);
    });
    return bytes;
}

describe("a client's first message", () => {
    test.each([
        ["TLS is asked for", serialize.requestSsl(), { kind: "encryption", length: 8 }],
        ["GSS is asked for", request(80877104), { kind: "encryption", length: 8 }],
        ["a statement is to be cancelled", serialize.cancel(7, 8), { kind: "cancel" }],
        ["a database", serialize.startup({ user: "u", database: "d b" }), { kind: "startup", database: "d b" }],
        ["a user alone", serialize.startup({ user: "u" }), { kind: "startup", database: "u" }],
        ["an empty database", serialize.startup({ user: "u", database: "" }), { kind: "startup", database: "u" }],
        ["TLS at once", Buffer.from("16030100c8010000c4", "hex"), { kind: "foreign" }],
        ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n"), { kind: "foreign" }],
        ["a length of nothing", Buffer.from([0, 0, 0, 4, 0, 0, 0, 0]), { kind: "foreign" }],
        ["nothing yet", Buffer.alloc(0), { kind: "part" }],
    ])("%s", (_name, bytes, message) => {
        expect(firstMessage(bytes)).toEqual(message);
    });

    test("is waited for until it is whole, and what follows it changes nothing", () => {
        const name = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !text.includes("\0"));
        fc.assert(
            fc.property(name, name, fc.uint8Array(), fc.nat(), (user, database, rest, cut) => {
                const whole = serialize.startup({ user, database, application_name: "x" });
                const said = firstMessage(Buffer.concat([whole, rest]));
                expect(said).toEqual({ kind: "startup", database: Buffer.from(database).toString() });
                expect(firstMessage(whole.subarray(0, cut % whole.length))).toEqual({ kind: "part" });
            }),
        );
    });
});
