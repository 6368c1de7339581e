// Package client has the tests of package bpftest that need cilium/ebpf, which this project's own module does not: on each road the library,
// as it is, meets the simulated kernel. `bpfsim test ./...` takes the patched road, `go test ./...` the notified one.
package client
