// Package kernel has what a program runs on, behind one interface, [Kernel]: bpfsim ([NewSim]) everywhere, and Linux
// ([NewLinux]) where bpf(2) is allowed. All real bpf(2) calls of this module's own are made here.
package kernel
