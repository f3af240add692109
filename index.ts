import * as pulumi from "@pulumi/pulumi";
import { FdwStubDevDatabase } from "./components";
import { readConfiguration } from "./components/config";
import { deriveFromSchema } from "./components/derive";
import { explained } from "./components/explained";

// A function, because a schema is read before it is known which resources there are.
export = async () => {
    const configuration = await explained(
        (async () =>
            deriveFromSchema(readConfiguration(pulumi.runtime.allConfig(), pulumi.getProject()), process.cwd()))(),
    );
    for (const warning of configuration.warnings) {
        await pulumi.log.warn(warning);
    }
    const { devUrl, networkDevUrl, maintenanceUrl, containerName, networkName, stubs } = new FdwStubDevDatabase(
        "fdw-stub",
        configuration.args,
    );
    return { devUrl, networkDevUrl, maintenanceUrl, containerName, networkName, stubs };
};
