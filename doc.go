// Package bpfsim is the map half of Linux's bpf(2) in pure Go, in user space: maps that behave as Linux 6.18's do,
// behind an emulated system call, with an executable specification and property tests that hold both against the
// real kernel.
//
// This package holds nothing but the tests of the house itself. Start at package bpfsys (folder syscall) for the
// system call, maps for the map types, sim for interleaved callers, model for the specification, proptest for the
// comparisons, and cmd/bpfsim for the command that serves unmodified programs.
package bpfsim
