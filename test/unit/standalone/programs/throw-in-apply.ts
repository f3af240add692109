import * as random from "@pulumi/random";

export const length = new random.RandomPassword("one", { length: 5 }).result.apply((): string => {
    throw new Error("thrown in apply");
});
