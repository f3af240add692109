module fdw-stub-go

go 1.25
