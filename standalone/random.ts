import { randomInt } from "node:crypto";
import * as z from "zod";
import type { Handlers } from "./handlers";
import { secret } from "./values";

const passwordInputs = z.object({ length: z.number().int().positive(), special: z.boolean().default(true) });

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** The types of `@pulumi/random`. A server that stays has its password, and one that is made anew gets a new one. */
export const randomHandlers: Handlers = {
    "random:index/randomPassword:RandomPassword": async ({ name, inputs }, { kept }) => {
        const { length, special } = passwordInputs.parse(inputs);
        const alphabet = special ? ALPHANUMERIC + SPECIAL : ALPHANUMERIC;
        const made = Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
        return { id: name, outputs: { result: secret(kept?.server.password ?? made) } };
    },
};
