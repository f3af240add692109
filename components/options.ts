import * as pulumi from "@pulumi/pulumi";
import type { Server } from "./server";

/**
 * Options for everything that lives inside the server. They are what makes a plain `pulumi up` heal a stack
 * whose container was lost: without them Pulumi believes that databases still exist in a container that is new.
 * None of them is inherited from the component.
 *
 * @param dependsOn What else it is made in, or of: when that is made anew, so is it.
 * @param version Of the stub that the resource is a part of: with another one it is made anew.
 */
export function insideServer(
    parent: pulumi.Resource,
    provider: pulumi.ProviderResource,
    { container, answers }: Pick<Server, "container" | "answers">,
    dependsOn: pulumi.Resource[] = [],
    version?: pulumi.Output<string>,
): pulumi.CustomResourceOptions {
    return {
        parent,
        provider,
        dependsOn: [container, ...dependsOn],
        // The container takes its databases with it.
        deletedWith: container,
        replaceWith: [container, ...dependsOn],
        // After a failed refresh the container is created, not replaced, and its databases are gone all the same.
        replacementTrigger:
            version === undefined ? container.id : pulumi.interpolate`${container.id} with stub ${version}`,
        // Otherwise `pulumi destroy` would have to reach a server that may no longer be there.
        retainOnDelete: true,
        // The container is there before its server answers.
        hooks: { beforeCreate: [answers] },
    };
}
