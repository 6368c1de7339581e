// Package early keeps calls that packages make as they are initialised, before bpftest.Main, from the host's kernel. Package bpftest imports it.
//
// Behind a filter the test binary starts twice. The second process is answered from its first instruction on. The first, which is to answer it, gets
// ENOSYS for each bpf(2) by this package, until it ends, and says which line has made the call: initialisation must not end the process for want of BPF. Go
// initialises packages in the order of their import paths, but those that others need first. This one needs only package syscall, and so is there before
// cilium/ebpf, package os and golang.org/x/sys/unix, and before all that import one of these.
//
// A process that imports it and does not call bpftest.Main gets ENOSYS as well, unless BPFSIM_ROAD=host says that it is for the host's kernel. Elsewhere than
// on Linux on amd64 and arm64 it does nothing.
package early
