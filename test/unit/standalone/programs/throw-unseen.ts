import * as random from "@pulumi/random";

new random.RandomPassword("one", { length: 5 }).result.apply(() => {
    throw new Error("thrown where nobody looks");
});
export const fine = true;
