import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

// The engine of the test takes its time for the network, and refuses the volume at once.
const network = new docker.Network("slow", { name: "slow" });
const volume = new docker.Volume("refused", { name: "refused" });
const after = new docker.Network("after", { name: network.name.apply((name) => `after-${name}`) });
export const ids = pulumi.all([volume.id, after.id]);
