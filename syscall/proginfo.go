package bpfsys

import (
	"fmt"
	"strings"
)

// memlock is the memory that the instructions take, in bytes: whole pages, with the head of struct bpf_prog.
func (p *Program) memlock() int {
	const page, head = 4096, 72
	return (head + insnSize*len(p.insns) + page - 1) / page * page
}

// FDInfo is the program's part of /proc/PID/fdinfo/FD (bpf_prog_show_fdinfo in kernel/bpf/syscall.c). Nothing is compiled, and
// nothing runs.
func (p *Program) FDInfo() string {
	var b strings.Builder
	fmt.Fprintf(&b, "prog_type:\t%d\n", p.kind)
	fmt.Fprintf(&b, "prog_jited:\t0\n")
	fmt.Fprintf(&b, "prog_tag:\t%x\n", p.tag)
	fmt.Fprintf(&b, "memlock:\t%d\n", p.memlock())
	fmt.Fprintf(&b, "prog_id:\t%d\n", p.id)
	fmt.Fprintf(&b, "run_time_ns:\t0\n")
	fmt.Fprintf(&b, "run_cnt:\t0\n")
	fmt.Fprintf(&b, "recursion_misses:\t0\n")
	fmt.Fprintf(&b, "verified_insns:\t%d\n", len(p.insns))
	return b.String()
}
