// Package fault decides which calls of bpf(2) fail: rules such as "the third update of the map ct answers ENOMEM", in Go or as text
// (Parse), for a kernel's Options.Fault.
package fault
