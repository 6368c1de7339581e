package bpfsys

import (
	"crypto/sha256"

	"github.com/bpfsim/bpfsim/insn"
)

// digest is the hash of a program without the fds of its maps, whose start is its tag: SHA-256 since Linux 6.18, SHA-1 before
// (bpf_prog_calc_tag in kernel/bpf/core.c).
func digest(all []insn.Insn) [sha256.Size]byte {
	code := make([]byte, 0, len(all)*insn.Size)
	for i := 0; i < len(all); i++ {
		in := all[i]
		if in.Code != insn.CodeLoad64 || in.Src != insn.MapFD && in.Src != insn.MapValue {
			code = in.Append(code)
			continue
		}
		in.Imm = 0
		code = in.Append(code)
		if i++; i < len(all) {
			second := all[i]
			if second.Code == 0 && second.Dst == 0 && second.Src == 0 && second.Off == 0 {
				second.Imm = 0
			}
			code = second.Append(code)
		}
	}
	return sha256.Sum256(code)
}
