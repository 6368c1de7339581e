// Package traps has what users of maps have tripped over, one small test for each: the code that looks right and is not, and the code
// that handles it. Each test names the public issues from which it comes. The code is an ordinary user of cilium/ebpf; the tests
// play the part of the BPF programs (package bpftest) and run with plain `go test`, without root.
package traps
