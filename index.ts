import * as pulumi from "@pulumi/pulumi";
import { FdwStubDevDatabase } from "./components";
import { readConfiguration } from "./components/config";

/** Throws a mistake in the configuration as what Pulumi prints without a stack trace. */
function configuration() {
    try {
        return readConfiguration(pulumi.runtime.allConfig(), pulumi.getProject());
    } catch (error) {
        throw new pulumi.RunError(error instanceof Error ? error.message : String(error));
    }
}

const devDatabase = new FdwStubDevDatabase("fdw-stub", configuration());

export const { devUrl, networkDevUrl, containerName, networkName, stubs } = devDatabase;
