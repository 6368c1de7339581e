// Command ciliumprog does with maps what programs on github.com/cilium/ebpf do, and prints what it saw. Its argument is
// a bpffs. The output is the same on every kernel.
package main
