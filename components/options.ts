import type * as pulumi from "@pulumi/pulumi";
import type { Server } from "./server";

/**
 * Options for everything that lives inside the server. They are what makes a plain `pulumi up` heal a stack
 * whose container was lost: without them Pulumi believes that databases still exist in a container that is new.
 * None of them is inherited from the component.
 */
export function insideServer(
    parent: pulumi.Resource,
    provider: pulumi.ProviderResource,
    { container, answers }: Pick<Server, "container" | "answers">,
    dependsOn: pulumi.Resource[] = [],
): pulumi.CustomResourceOptions {
    return {
        parent,
        provider,
        dependsOn: [container, ...dependsOn],
        // The container takes its databases with it.
        deletedWith: container,
        replaceWith: [container, ...dependsOn],
        // After a failed refresh the container is created, not replaced, and its databases are gone all the same.
        replacementTrigger: container.id,
        // Otherwise `pulumi destroy` would have to reach a server that may no longer be there.
        retainOnDelete: true,
        // The container is there before its server answers.
        hooks: { beforeCreate: [answers] },
    };
}
