import pulumi
import pulumi_fdw_stub as fdw_stub

dev = fdw_stub.FdwStubDevDatabase("dev", schema=["../events/migrations"])

pulumi.export("devUrl", dev.dev_url)
