import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { secret, unwrapSecrets } from "../../../standalone/values";

describe("secrets on their way to a handler", () => {
    test("the mark is the one that Pulumi's SDK uses", () => {
        const marked = secret("hidden");
        expect(marked).toEqual({
            [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig,
            value: "hidden",
        });
        expect(pulumi.runtime.isRpcSecret(marked)).toBe(true);
        expect(pulumi.runtime.unwrapRpcSecret(marked)).toBe("hidden");
    });

    test.each<[unknown, unknown]>([
        ["plain", "plain"],
        [0, 0],
        [null, null],
        [undefined, undefined],
        [[], []],
        [{}, {}],
        [secret("s"), "s"],
        [secret(secret("twice")), "twice"],
        [secret([secret("a"), "b"]), ["a", "b"]],
        [{ a: [{ b: secret({ c: secret(1) }) }] }, { a: [{ b: { c: 1 } }] }],
        [{ value: "not marked" }, { value: "not marked" }],
        // Other things that the SDK marks, assets for example, are no secrets.
        [
            { [pulumi.runtime.specialSigKey]: pulumi.runtime.specialAssetSig, value: 1 },
            { [pulumi.runtime.specialSigKey]: pulumi.runtime.specialAssetSig, value: 1 },
        ],
    ])("%j becomes %j", (wrapped, plain) => {
        expect(unwrapSecrets(wrapped)).toEqual(plain);
    });

    test("what holds no secret stays as it is, and a wrapped value comes back whole", () => {
        fc.assert(
            fc.property(fc.jsonValue(), (value) => {
                expect(unwrapSecrets(value)).toEqual(value);
                expect(unwrapSecrets({ deep: [secret(value)] })).toEqual({ deep: [value] });
            }),
        );
    });
});
