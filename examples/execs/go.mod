module github.com/bpfsim/bpfsim/examples/execs

go 1.26.0

require (
	github.com/bpfsim/bpfsim v0.0.0
	github.com/cilium/ebpf v0.22.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/sys v0.49.0
)

require (
	github.com/dolthub/maphash v0.1.0 // indirect
	github.com/dolthub/swiss v0.2.1 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace github.com/bpfsim/bpfsim => ../..
