// Command talkers shows who sends the most: every interval it drains a hash map that a BPF program fills, flow by
// flow, and prints a sorted table, as the bcc tools do.
//
// It is an ordinary cilium/ebpf program. Nothing in it, its tests included, knows which kernel answers it.
package main
