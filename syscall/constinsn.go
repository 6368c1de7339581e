package bpfsys

// Instructions of programs that compute constants in R0, as in uapi/linux/bpf.h and bpf_common.h.
const (
	insnSize = 8

	codeLoad64   = 0x18 // r0 = imm, whose upper half is in a second slot
	codeGoto     = 0x05 // by the offset
	codeGotoLong = 0x06 // by imm
	codeCall     = 0x85 // a helper
	codeExit     = 0x95

	opMove      = 0xb0
	fromR0      = 0x08 // the operand is R0, not imm
	classALU    = 0x04
	classJump   = 0x05
	classJump32 = 0x06
	classALU64  = 0x07

	offField = uint64(0xffff) << 16
	immField = uint64(0xffffffff) << 32

	callCoarseTime = codeCall | uint64(160)<<32 // bpf_ktime_get_coarse_ns, which libbpf probes for
)

// operation is what a code does. Registers are always 0: R0, or none.
type operation struct {
	fields  uint64                      // what may be set besides the code
	reads   bool                        // R0
	compute func(r0, imm uint64) uint64 // nil: R0 stays
	jumps   func(r0, imm uint64) bool   // nil: never
}

var arithmetic = map[byte]func(a, b uint64) uint64{
	0x00:   func(a, b uint64) uint64 { return a + b },
	0x10:   func(a, b uint64) uint64 { return a - b },
	0x40:   func(a, b uint64) uint64 { return a | b },
	0x50:   func(a, b uint64) uint64 { return a & b },
	0xa0:   func(a, b uint64) uint64 { return a ^ b },
	opMove: func(_, b uint64) uint64 { return b },
}

var comparisons = map[byte]func(a, b uint64) bool{
	0x10: func(a, b uint64) bool { return a == b },
	0x20: func(a, b uint64) bool { return a > b },
	0x30: func(a, b uint64) bool { return a >= b },
	0x40: func(a, b uint64) bool { return a&b != 0 },
	0x50: func(a, b uint64) bool { return a != b },
	0x60: func(a, b uint64) bool { return int64(a) > int64(b) },
	0x70: func(a, b uint64) bool { return int64(a) >= int64(b) },
	0xa0: func(a, b uint64) bool { return a < b },
	0xb0: func(a, b uint64) bool { return a <= b },
	0xc0: func(a, b uint64) bool { return int64(a) < int64(b) },
	0xd0: func(a, b uint64) bool { return int64(a) <= int64(b) },
}

var operations = makeOperations()

func makeOperations() map[byte]operation {
	all := map[byte]operation{
		codeExit:     {fields: offField}, // which nobody looks at
		codeCall:     {fields: immField},
		codeLoad64:   {fields: immField},
		codeGoto:     {fields: offField},
		codeGotoLong: {fields: immField},
	}
	for op, f := range arithmetic {
		narrow := func(a, b uint64) uint64 { return uint64(uint32(f(a, b))) }
		for class, compute := range map[byte]func(a, b uint64) uint64{classALU64: f, classALU: narrow} {
			all[op|class] = operation{fields: immField, reads: op != opMove, compute: compute}
			all[op|class|fromR0] = operation{reads: true, compute: func(r0, _ uint64) uint64 { return compute(r0, r0) }}
		}
	}
	for op, f := range comparisons {
		// Extended by their signs, numbers of 32 bits compare as before, with and without sign.
		narrow := func(a, b uint64) bool { return f(uint64(int32(a)), uint64(int32(b))) }
		all[op|classJump] = operation{fields: offField | immField, reads: true, jumps: f}
		all[op|classJump32] = operation{fields: offField | immField, reads: true, jumps: narrow}
	}
	return all
}
