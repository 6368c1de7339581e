// Package conntrack is a small agent that keeps a table of connections, which BPF programs fill and refresh and the agent clears of what is
// idle, in three ways: one that loses connections (Table.Sweep), one that loses them for a moment (Table.TakeIdle), and one that loses none
// (Generations). It is an ordinary user of cilium/ebpf; its tests say which order of calls does what (bpftest.Explore).
package conntrack
