// Package readers has tests in which unmodified libraries of others, cilium/ebpf and libbpf, read and fill rings under
// interception while the test plays the kernel's side. It answers for no kernel file.
//
// It is a module of its own, so that bpfsim does not depend on these libraries.
package readers
