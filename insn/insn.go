package insn

// Insn is one instruction, or half of one that loads 64 bits.
type Insn struct {
	Code     uint8
	Dst, Src uint8
	Off      int16
	Imm      int32
}

// Size is the size of an instruction in bytes.
const Size = 8

// Decode reads an instruction of a little-endian machine.
func Decode(b []byte) Insn {
	_ = b[Size-1]
	return Insn{
		Code: b[0], Dst: b[1] & 0xf, Src: b[1] >> 4, Off: int16(uint16(b[2]) | uint16(b[3])<<8),
		Imm: int32(uint32(b[4]) | uint32(b[5])<<8 | uint32(b[6])<<16 | uint32(b[7])<<24),
	}
}

// Append writes an instruction behind b.
func (i Insn) Append(b []byte) []byte {
	off, imm := uint16(i.Off), uint32(i.Imm)
	return append(b, i.Code, i.Dst|i.Src<<4, byte(off), byte(off>>8), byte(imm), byte(imm>>8), byte(imm>>16), byte(imm>>24))
}

// DecodeAll reads a program.
func DecodeAll(b []byte) []Insn {
	all := make([]Insn, len(b)/Size)
	for i := range all {
		all[i] = Decode(b[i*Size:])
	}
	return all
}

// Encode writes a program.
func Encode(all []Insn) []byte {
	b := make([]byte, 0, len(all)*Size)
	for _, i := range all {
		b = i.Append(b)
	}
	return b
}

// The class of a code, its operation, and where it takes its second operand from or how it reaches memory
// (uapi/linux/bpf_common.h and bpf.h).
const (
	classMask  = 0x07
	classLD    = 0x00
	classLDX   = 0x01
	classST    = 0x02
	classSTX   = 0x03
	classALU   = 0x04
	classJMP   = 0x05
	classJMP32 = 0x06
	classALU64 = 0x07

	opMask  = 0xf0
	opJA    = 0x00
	opCall  = 0x80
	opExit  = 0x90
	fromReg = 0x08

	modeMask  = 0xe0
	modeIMM   = 0x00
	modeABS   = 0x20
	modeIND   = 0x40
	modeMEM   = 0x60
	modeMEMSX = 0x80
	modeATOM  = 0xc0

	sizeMask = 0x18
)

// Codes that are spoken of by name.
const (
	CodeLoad64   = 0x18 // an instruction of two halves
	CodeCall     = classJMP | opCall
	CodeExit     = classJMP | opExit
	codeJump     = classJMP | opJA
	codeJumpLong = classJMP32 | opJA
)

// What the source register of a CodeLoad64 says of its number (BPF_PSEUDO_*).
const (
	MapFD       = 1
	MapValue    = 2
	BTFID       = 3
	Func        = 4
	MapIdx      = 5
	MapIdxValue = 6
)

// What that of a CodeCall says of what is called.
const (
	CallHelper = 0
	CallProg   = 1
	CallKfunc  = 2
)

// numRegs is MAX_BPF_REG: R0 to R10.
const numRegs = 11

func (i Insn) class() uint8 { return i.Code & classMask }
func (i Insn) op() uint8    { return i.Code & opMask }
func (i Insn) mode() uint8  { return i.Code & modeMask }

// jumps tells the codes of the classes of jumps, calls and exits among them.
func (i Insn) jumps() bool { return i.class() == classJMP || i.class() == classJMP32 }

// NamesFunc tells the instructions that name a function of the program: calls, and those that load its address.
func (i Insn) NamesFunc() bool {
	return i.Code == CodeCall && i.Src == CallProg || i.Code == CodeLoad64 && i.Src == Func
}

// Kfunc tells calls of kernel functions.
func (i Insn) Kfunc() bool { return i.Code == CodeCall && i.Src == CallKfunc }

// offset is how far the instruction jumps, counted from the next one.
func (i Insn) offset() int {
	if i.Code == codeJumpLong {
		return int(i.Imm)
	}
	return int(i.Off)
}

// Count is how many instructions a program has, those that load 64 bits counted once.
func Count(all []Insn) (n int) {
	for i := 0; i < len(all); i++ {
		if n++; all[i].Code == CodeLoad64 {
			i++
		}
	}
	return n
}
