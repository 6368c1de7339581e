// Package kernelprogs runs the operations of explore's program tasks on a real Linux kernel: it assembles a tiny BPF
// program for each and runs it by BPF_PROG_TEST_RUN on the CPU that the thread is on. It answers for no kernel file. A
// program runs as a whole: user space cannot stop one between two words that it writes.
//
// It is a module of its own, so that bpfsim does not depend on an assembler of BPF programs.
package kernelprogs
