import * as postgresql from "@pulumi/postgresql";
import type * as pulumi from "@pulumi/pulumi";
import { removeLeftoverDatabase } from "./leftovers";

/** Declares a database with the server's own locale, as `createdb` would make it. */
export function createDatabase(
    resourceName: string,
    containerName: string,
    name: string,
    options: pulumi.CustomResourceOptions,
): postgresql.Database {
    return new postgresql.Database(
        resourceName,
        // Left out, they would be "C", and the sort order another one than in the upstream.
        { name, lcCollate: "DEFAULT", lcCtype: "DEFAULT" },
        // The provider reads the real locale back, and would replace the database for the difference.
        {
            ...options,
            ignoreChanges: ["lcCollate", "lcCtype"],
            hooks: {
                beforeCreate: [...(options.hooks?.beforeCreate ?? []), removeLeftoverDatabase(containerName, name)],
            },
        },
    );
}
