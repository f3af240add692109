import * as pulumi from "@pulumi/pulumi";
import { FdwStubDevDatabase } from "./components";
import { readConfiguration } from "./components/config";
import { printable } from "./components/explained";

/** Throws a mistake in the configuration as what Pulumi prints without a stack trace. */
function configuration() {
    try {
        return readConfiguration(pulumi.runtime.allConfig(), pulumi.getProject());
    } catch (error) {
        throw printable(error);
    }
}

const devDatabase = new FdwStubDevDatabase("fdw-stub", configuration());

export const { devUrl, networkDevUrl, maintenanceUrl, containerName, networkName, stubs } = devDatabase;
