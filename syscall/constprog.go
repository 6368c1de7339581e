package bpfsys

import (
	"encoding/binary"
	"slices"
)

// constProgram is a program that touches no register but R0 and computes with constants until it returns. Feature probes load
// such programs as socket filters (features.c of libbpf, features/prog.go and misc.go of cilium/ebpf). The verifier
// knows R0 at every instruction of theirs, so that running one tells whether Linux takes it.
type constProgram struct {
	code  []byte
	r0    uint64
	state r0State
	loops bool // may be in it
}

type r0State int

const (
	r0Unset r0State = iota
	r0Unknown
	r0Known
)

// returnsConstant tells whether code is such a program, and the verifier takes it. It takes loops of those only who may
// let it leave out speculative paths (CAP_PERFMON): such a path does not end when R0 says so.
func returnsConstant(code []byte, loops bool) bool {
	p := constProgram{code: code, loops: loops}
	return p.reachable() && p.run()
}

func (p *constProgram) len() int { return len(p.code) / insnSize }

func (p *constProgram) word(pc int) uint64 { return binary.LittleEndian.Uint64(p.code[pc*insnSize:]) }

// at finds an instruction that is understood.
func (p *constProgram) at(pc int) (op operation, word uint64, ok bool) {
	if pc < 0 || pc >= p.len() {
		return op, 0, false
	}
	word = p.word(pc)
	op, ok = operations[byte(word)]
	ok = ok && word&^(0xff|op.fields) == 0
	switch {
	case word&0xff == codeCall:
		ok = word == callCoarseTime
	case word&0xff == codeLoad64:
		ok = ok && pc+1 < p.len() && p.word(pc+1)&^immField == 0
	}
	return op, word, ok
}

// jumpTarget is where the instruction at pc jumps.
func jumpTarget(pc int, word uint64) int {
	if word&0xff == codeGotoLong {
		return pc + 1 + int(int32(word>>32))
	}
	return pc + 1 + int(int16(word>>16))
}

// successors are the instructions that may come after the one at pc, as far as can be told without knowing R0.
func successors(pc int, op operation, word uint64) []int {
	switch word & 0xff {
	case codeExit:
		return nil
	case codeLoad64:
		return []int{pc + 2}
	case codeGoto, codeGotoLong:
		return []int{jumpTarget(pc, word)}
	}
	if op.jumps != nil {
		return []int{pc + 1, jumpTarget(pc, word)}
	}
	return []int{pc + 1}
}

// reachable follows check_cfg: every instruction can be reached from the first one, and nothing else can be. The second
// slot of a 64-bit load, whose code is 0, is no instruction.
func (p *constProgram) reachable() bool {
	seen, slots := make([]bool, p.len()), 0
	for todo := []int{0}; len(todo) > 0; {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		op, word, ok := p.at(pc)
		switch {
		case !ok:
			return false
		case seen[pc]:
			continue
		case word&0xff == codeLoad64:
			slots++
		}
		seen[pc] = true
		slots++
		next := successors(pc, op, word)
		if !p.loops && slices.ContainsFunc(next, func(to int) bool { return to <= pc }) {
			return false
		}
		todo = append(todo, next...)
	}
	return slots == p.len()
}

// maxSteps is far less than the verifier looks at (BPF_COMPLEXITY_LIMIT_INSNS).
const maxSteps = 1 << 16

// run tells whether the program returns, with R0 set.
func (p *constProgram) run() bool {
	pc := 0
	for range maxSteps {
		op, word, _ := p.at(pc)
		if word&0xff == codeExit {
			return p.state != r0Unset
		}
		if op.reads && p.state != r0Known {
			return false
		}
		next := successors(pc, op, word)
		if op.jumps != nil && op.jumps(p.r0, immOf(word)) {
			next = next[1:]
		}
		p.compute(pc, op, word)
		pc = next[0]
	}
	return false
}

// compute is what an instruction does to R0.
func (p *constProgram) compute(pc int, op operation, word uint64) {
	switch {
	case word&0xff == codeLoad64:
		p.r0, p.state = word>>32|p.word(pc+1)&immField, r0Known
	case word&0xff == codeCall:
		p.state = r0Unknown
	case op.compute != nil:
		p.r0, p.state = op.compute(p.r0, immOf(word)), r0Known
	}
}

// immOf is the constant of an instruction, extended by its sign.
func immOf(word uint64) uint64 { return uint64(int32(word >> 32)) }
