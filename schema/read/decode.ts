/** Bytes to text: UTF-8 with or without a mark, UTF-16 with a mark (as Windows tools write it), else Latin-1. */

export interface Decoded {
    readonly text: string;
    readonly encoding: "utf-8" | "utf-16" | "latin1";
}

export function decode(bytes: Uint8Array): Decoded {
    if (bytes[0] === 0xff && bytes[1] === 0xfe) {
        return { text: new TextDecoder("utf-16le").decode(bytes), encoding: "utf-16" };
    }
    if (bytes[0] === 0xfe && bytes[1] === 0xff) {
        // swap16 wants whole pairs; a stray last byte is no character.
        const pairs = Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2)));
        return { text: pairs.swap16().toString("utf16le"), encoding: "utf-16" };
    }
    try {
        return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: "utf-8" };
    } catch {
        return { text: Buffer.from(bytes).toString("latin1"), encoding: "latin1" };
    }
}
