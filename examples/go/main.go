package main

import (
	"example.com/pulumi-fdw-stub/sdk/go/fdwstub"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		dev, err := fdwstub.NewFdwStubDevDatabase(ctx, "dev", &fdwstub.FdwStubDevDatabaseArgs{
			Schema: []string{"../events/migrations"},
		})
		if err != nil {
			return err
		}
		ctx.Export("devUrl", dev.DevUrl)
		return nil
	})
}
