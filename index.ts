import { FdwStubDevDatabase } from "./components";
import { argsFromConfiguration } from "./components/stack-configuration";

const dev = new FdwStubDevDatabase("fdw-stub", argsFromConfiguration());

export const { devUrl, networkDevUrl, maintenanceUrl, containerName, networkName, stubs } = dev;
