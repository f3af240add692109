import * as pulumi from "@pulumi/pulumi";

export const value = new pulumi.Config().require("missing");
