// Package early keeps calls that packages make as they are initialised, before bpftest.Main, from the host's kernel. It is imported for that alone, in
// the tests of a program that makes such calls:
//
//	import _ "github.com/bpfsim/bpfsim/bpftest/early"
//
// Behind a filter the test binary starts twice. The second process is answered from its first instruction on. The first, which is to answer it, gets
// ENOSYS for each bpf(2) by this package, until it ends: so initialisation must not end the process for want of BPF. Go initialises packages in the order of
// their import paths, but those that others need first; this one needs little, and is there before cilium/ebpf and what imports that.
//
// A process that imports it and does not call bpftest.Main, to be on the host's kernel, gets ENOSYS as well. Elsewhere than on Linux on amd64 and arm64
// it does nothing.
package early
