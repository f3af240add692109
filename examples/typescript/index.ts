import { FdwStubDevDatabase } from "fdw-stub";

const dev = new FdwStubDevDatabase("dev", { schema: ["../events/migrations"] });

export const devUrl = dev.devUrl;
