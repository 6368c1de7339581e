// Command bpfsim runs programs on a simulated bpf(2).
package main
