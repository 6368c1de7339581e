// Command agent is an ordinary eBPF agent, as bpf2go makes them: it prints which processes start and end, and who sends
// packets to an interface. It knows nothing of bpfsim; its tests do.
package main

//go:generate go tool bpf2go -target bpfel -type event -type traffic -type command -output-stem agent bpf agent.bpf.c -- -O2 -g -Wall -idirafter /usr/include/x86_64-linux-gnu
