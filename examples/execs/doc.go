// Package execs is a small agent that names the processes of a machine: BPF programs put each into a table and tell of its start and its end by a ring
// buffer; the agent looks it up when it hears of it, and removes it when it has ended, so that processes which end at once have a name as well.
// It is an ordinary user of cilium/ebpf; its tests say which order of what programs and agent do loses a name (bpftest.Explore).
package execs
