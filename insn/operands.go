package insn

import "github.com/bpfsim/bpfsim/abi"

// The operations of the arithmetic classes that are looked at by themselves.
const (
	opDiv  = 0x30
	opLsh  = 0x60
	opRsh  = 0x70
	opNeg  = 0x80
	opMod  = 0x90
	opMov  = 0xb0
	opArsh = 0xc0
	opEnd  = 0xd0

	codeMayGoto = classJMP | 0xe0
)

// compute follows check_alu_op as far as it needs no values.
func (w *walk) compute(insn Insn, set uint16) abi.Errno {
	switch insn.op() {
	case opNeg, opEnd:
		return w.unary(insn, set)
	case opMov:
		return w.move(insn, set)
	}
	mayHaveOff := insn.op() == opDiv || insn.op() == opMod
	unused := insn.Off != 0 && (insn.Off != 1 || !mayHaveOff)
	if unused || insn.Code&fromReg != 0 && insn.Imm != 0 || insn.Code&fromReg == 0 && insn.Src != 0 {
		return w.reserved("BPF_ALU")
	}
	if errno := w.both(insn, set); errno != abi.OK {
		return errno
	}
	if insn.Code&fromReg == 0 {
		if errno := w.constant(insn); errno != abi.OK {
			return errno
		}
	}
	return w.write(insn.Dst)
}

// constant refuses a divisor of 0 and shifts by more bits than there are.
func (w *walk) constant(insn Insn) abi.Errno {
	bits := int32(64)
	if insn.class() == classALU {
		bits = 32
	}
	switch insn.op() {
	case opDiv, opMod:
		if insn.Imm == 0 {
			w.log.Printf("div by zero\n")
			return abi.EINVAL
		}
	case opLsh, opRsh, opArsh:
		if insn.Imm < 0 || insn.Imm >= bits {
			w.log.Printf("invalid shift %d\n", insn.Imm)
			return abi.EINVAL
		}
	}
	return abi.OK
}

func (w *walk) unary(insn Insn, set uint16) abi.Errno {
	unused := insn.Src != 0 || insn.Off != 0
	switch {
	case insn.op() == opNeg && (unused || insn.Imm != 0):
		return w.reserved("BPF_NEG")
	case insn.op() == opEnd && (unused || insn.Imm != 16 && insn.Imm != 32 && insn.Imm != 64):
		return w.reserved("BPF_END")
	}
	if errno := w.read(insn.Dst, set); errno != abi.OK {
		return errno
	}
	return w.write(insn.Dst)
}

func (w *walk) move(insn Insn, set uint16) abi.Errno {
	if insn.Code&fromReg == 0 {
		if insn.Src != 0 || insn.Off != 0 {
			return w.reserved("BPF_MOV")
		}
		return w.write(insn.Dst)
	}
	wide := insn.class() == classALU64
	switch {
	case insn.Off == 1 && wide: // a cast between address spaces, which only programs with an arena make
	case insn.Imm != 0, insn.Off != 0 && insn.Off != 8 && insn.Off != 16 && (insn.Off != 32 || !wide):
		return w.reserved("BPF_MOV")
	}
	if errno := w.read(insn.Src, set); errno != abi.OK {
		return errno
	}
	return w.write(insn.Dst)
}

// load is of the class that loads constants, and of packets.
func (w *walk) load(insn Insn, set uint16) abi.Errno {
	if insn.Code == CodeLoad64 {
		if insn.Off != 0 {
			return w.reserved("BPF_LD_IMM64")
		}
		return w.write(insn.Dst)
	}
	switch {
	case !readsPackets(w.Type):
		w.log.Printf("BPF_LD_[ABS|IND] instructions not allowed for this program type\n")
		return abi.EINVAL
	case insn.Dst != 0, insn.Off != 0, insn.mode() == modeABS && insn.Src != 0:
		return w.reserved("BPF_LD_[ABS|IND]")
	}
	return abi.OK
}

// readsPackets tells the programs for which the old instructions for packets are (may_access_skb).
func readsPackets(t abi.ProgType) bool {
	return t == abi.ProgSocketFilter || t == abi.ProgSchedCLS || t == abi.ProgSchedACT
}

// access is of the classes that load from and store to memory; what is there only the verifier knows.
func (w *walk) access(insn Insn, set uint16) abi.Errno {
	switch insn.class() {
	case classLDX:
		if errno := w.read(insn.Src, set); errno != abi.OK {
			return errno
		}
		return w.write(insn.Dst)
	case classST:
		if insn.Src != 0 {
			return w.reserved("BPF_ST")
		}
		return w.read(insn.Dst, set)
	}
	if insn.mode() == modeATOM {
		return abi.OK
	}
	if insn.Imm != 0 {
		return w.reserved("BPF_STX")
	}
	if errno := w.read(insn.Src, set); errno != abi.OK {
		return errno
	}
	return w.read(insn.Dst, set)
}
