import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

class Pair extends pulumi.ComponentResource {
    readonly both: pulumi.Output<string>;

    constructor(name: string) {
        super("tiny:index:Pair", name);
        const hook: pulumi.ResourceHookFunction = () => {
            throw new Error("A hook was called.");
        };
        const one = new random.RandomPassword(
            "one",
            { length: pulumi.output(5), special: false },
            { parent: this, hooks: { beforeCreate: [hook] } },
        );
        const two = new random.RandomPassword(
            "two",
            { length: one.result.apply((text) => text.length + 1), special: false },
            { parent: this, dependsOn: [one] },
        );
        this.both = pulumi.interpolate`${one.result}-${two.result}`;
        this.registerOutputs({ both: this.both });
    }
}

const config = new pulumi.Config();
export const { both } = new Pair("pair");
export const plain = 1;
export const nested = { list: [pulumi.secret("hidden"), config.requireObject("list")], text: config.require("text") };
export const where = `${pulumi.getProject()}/${pulumi.getStack()}`;
