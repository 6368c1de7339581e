// Package insn reads the instructions of BPF programs and checks what can be seen without running them: that every code is
// one, that jumps and calls stay inside, that all instructions can be reached, and, where the verifier certainly comes by,
// reserved fields, registers and helpers. It answers for the parts of kernel/bpf/verifier.c of Linux 6.18 around its
// simulation of a program, with the errno and the words of its log. What only the simulation finds passes.
package insn
