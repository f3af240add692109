import * as postgresql from "@pulumi/postgresql";
import * as random from "@pulumi/random";

// Without an explicit provider, which the handler refuses; everything after it waits for an answer that never comes.
const role = new postgresql.Role("role-one", { name: "one" });
const after = new random.RandomPassword("after", { length: 5 }, { dependsOn: [role] });
export const password = after.result;
