package insn

import "github.com/bpfsim/bpfsim/abi"

// Kind is what the verifier knows of a program beside its instructions.
type Kind struct {
	Type      abi.ProgType
	Attach    abi.AttachType
	Sleepable bool
	GPL       bool // the license is compatible
	Perfmon   bool // who loads it has CAP_PERFMON
	Void      bool // nobody looks at what it returns
}

// walk follows a program as the verifier certainly does: up to the first jumps that it might decide.
type walk struct {
	Kind
	all  []Insn
	log  Log
	seen []bool
	todo []state
}

// state is what is known where the walk goes on.
type state struct {
	at     int
	set    uint16 // registers that have a value, a bit each
	lookup bool   // R0 is what a lookup found, or nil
}

const (
	r0, r1, r6, fp = 0, 1, 6, 10
	atEntry        = 1<<r1 | 1<<fp
	everything     = 1<<numRegs - 1
	scratched      = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5
)

// CheckReached looks at the instructions that the verifier's simulation (do_check) comes by whatever it thinks of values: the
// others may be dead to it, such as those of relocations that failed, which loaders poison.
func CheckReached(all []Insn, kind Kind, log Log) abi.Errno {
	w := walk{Kind: kind, all: all, log: log, seen: make([]bool, len(all)), todo: []state{{set: atEntry}}}
	for len(w.todo) > 0 {
		s := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		if errno := w.run(s); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// run walks from s to an exit or to a jump that cannot be decided.
func (w *walk) run(s state) abi.Errno {
	for !w.seen[s.at] {
		w.seen[s.at] = true
		insn := w.all[s.at]
		if errno := w.check(insn, s.set); errno != abi.OK {
			return errno
		}
		switch {
		case insn.Code == CodeExit:
			return abi.OK
		case insn.jumps() && insn.op() == opJA:
			s.at += 1 + insn.offset()
			continue
		case insn.jumps() && insn.op() != opCall:
			w.fork(s, insn)
			return abi.OK
		}
		w.step(&s, insn)
	}
	return abi.OK
}

// fork goes on at both ends of a jump that asks whether a lookup found anything: neither is dead.
func (w *walk) fork(s state, insn Insn) {
	const isNil, isSet = classJMP | 0x10, classJMP | 0x50
	if !s.lookup || insn.Dst != r0 || insn.Imm != 0 || insn.Code != isNil && insn.Code != isSet {
		return
	}
	s.lookup = false
	there := s
	s.at++
	there.at += 1 + insn.offset()
	w.todo = append(w.todo, s, there)
}

// step goes past an instruction that is no jump.
func (w *walk) step(s *state, insn Insn) {
	const lookupElem = 1
	called := insn.jumps()
	switch {
	case called:
		if insn.NamesFunc() {
			w.todo = append(w.todo, state{at: s.at + 1 + int(insn.Imm), set: everything})
		}
		s.set = s.set&^scratched | 1<<r0
	case insn.class() == classLD && insn.mode() != modeIMM:
		s.set = s.set&^scratched | 1<<r0
	case insn.writes():
		s.set |= 1 << insn.Dst
	}
	if called || insn.writes() && insn.Dst == r0 {
		s.lookup = called && insn.Src == CallHelper && insn.Imm == lookupElem
	}
	if insn.class() == classSTX && insn.mode() == modeATOM {
		s.set |= 1<<r0 | 1<<insn.Src
	}
	s.at++
	if insn.Code == CodeLoad64 {
		s.at++
	}
}

// writes tells the instructions that set their first register.
func (i Insn) writes() bool {
	switch i.class() {
	case classALU, classALU64, classLDX:
		return true
	}
	return i.Code == CodeLoad64
}

// check is what do_check refuses of an instruction for its text and for registers without a value.
func (w *walk) check(insn Insn, set uint16) abi.Errno {
	switch {
	case insn.jumps() && insn.op() == opCall:
		return w.call(insn)
	case insn.Code == CodeExit:
		if insn.Imm != 0 || insn.Src != 0 || insn.Dst != 0 {
			return w.reserved("BPF_EXIT")
		}
		if w.Void {
			return abi.OK
		}
		return w.read(r0, set)
	case insn.jumps():
		return w.jump(insn, set)
	case insn.class() == classALU || insn.class() == classALU64:
		return w.compute(insn, set)
	case insn.class() == classLD:
		return w.load(insn, set)
	}
	return w.access(insn, set)
}

func (w *walk) reserved(what string) abi.Errno {
	w.log.Printf("%s uses reserved fields\n", what)
	return abi.EINVAL
}

// read is check_reg_arg of a register that is read.
func (w *walk) read(reg uint8, set uint16) abi.Errno {
	switch {
	case reg >= numRegs:
		w.log.Printf("R%d is invalid\n", reg)
		return abi.EINVAL
	case set>>reg&1 == 0:
		w.log.Printf("R%d !read_ok\n", reg)
		return abi.EACCES
	}
	return abi.OK
}

// write is check_reg_arg of a register that is written.
func (w *walk) write(reg uint8) abi.Errno {
	switch {
	case reg >= numRegs:
		w.log.Printf("R%d is invalid\n", reg)
		return abi.EINVAL
	case reg == fp:
		w.log.Printf("frame pointer is read only\n")
		return abi.EACCES
	}
	return abi.OK
}

func (w *walk) call(insn Insn) abi.Errno {
	switch {
	case insn.Code != CodeCall, insn.Src != CallKfunc && insn.Off != 0, insn.Src > CallKfunc, insn.Dst != 0:
		return w.reserved("BPF_CALL")
	case insn.Src == CallHelper:
		return w.Helper(insn.Imm, w.log)
	}
	return abi.OK
}

func (w *walk) jump(insn Insn, set uint16) abi.Errno {
	switch {
	case insn.op() == opJA:
		unused := insn.Imm
		if insn.Code == codeJumpLong {
			unused = int32(insn.Off)
		}
		if insn.Src != 0 || insn.Dst != 0 || unused != 0 {
			return w.reserved("BPF_JA")
		}
		return abi.OK
	case insn.Code == codeMayGoto:
		return abi.OK
	case insn.Code&fromReg != 0 && insn.Imm != 0, insn.Code&fromReg == 0 && insn.Src != 0:
		return w.reserved("BPF_JMP/JMP32")
	}
	return w.both(insn, set)
}

// both reads the operands of an instruction.
func (w *walk) both(insn Insn, set uint16) abi.Errno {
	if insn.Code&fromReg != 0 {
		if errno := w.read(insn.Src, set); errno != abi.OK {
			return errno
		}
	}
	return w.read(insn.Dst, set)
}
