import * as docker from "@pulumi/docker";

export const image = docker.getRemoteImageOutput({ name: "postgres:18" }).id;
