package bpfsys

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/insn"
)

// xlated are the instructions as the kernel gives them back: maps by their ids, and no fds (bpf_insn_prepare_dump). Linux's
// have been rewritten by the verifier; these are as they were loaded, but for calls of functions, which clients read as it
// leaves them when it compiles (jit_subprogs in kernel/bpf/verifier.c), and for addresses in an arena, which are user space's and name no map.
func (p *Program) xlated() []byte {
	all, maps := slices.Clone(p.insns), p.Maps()
	for _, l := range p.loads {
		load, m := &all[l.at], maps[l.place]
		if m.Spec().Type == abi.Arena && load.Src != insn.MapFD && load.Src != insn.MapIdx {
			address := m.Spec().Extra + uint64(uint32(all[l.at+1].Imm))
			load.Src, load.Imm, all[l.at+1].Imm = 0, int32(address), int32(address>>32)
			continue
		}
		load.Imm = int32(m.id)
		switch load.Src {
		case insn.MapIdx:
			load.Src = insn.MapFD
		case insn.MapIdxValue:
			load.Src = insn.MapValue
		}
	}
	for i := range all {
		p.numberFunction(all, i)
	}
	return insn.Encode(all)
}

// numberFunction writes the number of the function that an instruction names where clients look for it: in a call the number
// takes the place of the distance, which goes to the offset.
func (p *Program) numberFunction(all []insn.Insn, i int) {
	if !all[i].NamesFunc() {
		return
	}
	number, _ := slices.BinarySearch(p.starts, i+1+int(all[i].Imm))
	if all[i].Code == insn.CodeLoad64 {
		all[i+1].Imm = int32(number)
		return
	}
	all[i].Off, all[i].Imm = int16(all[i].Imm), int32(number)
}

// tags are the tags of the program's functions. Those of one among others are of its instructions on the way to be compiled: a call has
// the number of the function for an offset, and not yet its address (jit_subprogs).
func (p *Program) tags() (tags []byte) {
	if len(p.starts) == 1 {
		return p.digest[:8]
	}
	all := slices.Clone(p.insns)
	for i := range all {
		if all[i].NamesFunc() && all[i].Code != insn.CodeLoad64 {
			p.numberFunction(all, i)
			all[i].Off, all[i].Imm = int16(all[i].Imm), 1
		}
	}
	for f, start := range p.starts {
		end := len(all)
		if f+1 < len(p.starts) {
			end = p.starts[f+1]
		}
		tag := digest(all[start:end])
		tags = append(tags, tag[:8]...)
	}
	return tags
}
