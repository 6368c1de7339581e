package kernel

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

const (
	exitR0   = 0x95
	callTime = 0x85 | 160<<32
)

// socketFilter puts a program into memory.
func (n *native) socketFilter(code []uint64) bpfsys.ProgLoad {
	const at = 1024
	for i, insn := range code {
		binary.LittleEndian.PutUint64(n.memory.bytes[at+8*i:], insn)
	}
	return bpfsys.ProgLoad{
		Type: abi.ProgSocketFilter, InsnCnt: uint32(len(code)), Insns: n.memory.addr + at, License: n.text(),
	}
}

// load loads a program on both kernels and tells whether Linux took it and whether bpfsim turned it down.
func (n *native) load(args bpfsys.ProgLoad) (linux abi.Errno, refused bool) {
	return n.compare(abi.ProgLoad, args.Encode())
}

// The programs of clients' probes load, and so does every other way to write them.
func TestConstantProgramsLoad(t *testing.T) {
	asEach(t, func(t *testing.T, n *native, _ *rand.Rand) {
		if !n.process.Caps.BPF {
			return
		}
		programs := map[string][]uint64{
			"mov64":               {0xb7, exitR0},
			"mov32":               {0xb4, exitR0},
			"mov64 -1":            {0xffffffff_000000b7, exitR0},
			"ld_imm64":            {0x18, 0, exitR0},
			"large ld_imm64":      {0x80000001_00000018, 0x7fffffff_00000000, exitR0},
			"xor":                 {1<<32 | 0xb7, 0xaf, exitR0},
			"sub":                 {1<<32 | 0xb7, 0x1c, exitR0},
			"helper":              {callTime, exitR0},
			"helper, then a zero": {callTime, 0x18, 0, exitR0},
			"v2":                  {0xb7, 1<<16 | 0xa5, 1<<32 | 0xb7, exitR0},
			"v3":                  {0xb7, 1<<16 | 0xa6, 1<<32 | 0xb7, exitR0},
			"v4":                  {0xb7, 1<<32 | 1<<16 | 0x15, 1<<32 | 0x06, 1<<32 | 0xb7, exitR0},
		}
		if n.process.Caps.SysAdmin { // without CAP_PERFMON the verifier runs speculative paths, too, which do not end here
			programs["bounded loop"] = []uint64{10<<32 | 0xb7, 1<<32 | 0x17, 0xfffe<<16 | 0x55, exitR0}
		}
		for name, code := range programs {
			linux, refused := n.load(n.socketFilter(code))
			require.Equal(t, abi.OK, linux, name)
			require.False(t, refused, name)
		}
	})
}

// Each flag that Linux takes of a program without memory accesses is taken.
func TestFlagsOfConstantPrograms(t *testing.T) {
	asEach(t, func(t *testing.T, n *native, _ *rand.Rand) {
		for bit := range 32 {
			args := n.socketFilter([]uint64{0xb7, exitR0})
			args.Flags = 1 << bit
			linux, refused := n.load(args)
			require.False(t, refused && linux == abi.OK, "flag %#x", args.Flags)
		}
	})
}

// drawCode draws programs of a few instructions around R0, right ones and wrong ones. None jumps back: the verifier runs
// loops without end for so long that a signal to a Go program always interrupts it.
func drawCode(draw *rand.Rand) (code []uint64, flipped bool) {
	field := func(width int) uint64 {
		return pick(draw, 0, 1, 2, 3, 1<<(width-1)-1, uint64(draw.IntN(4)))
	}
	opcodes := append([]uint64{0x18, 0x05, 0x06, 0x85, 0x95}, arithmetic()...)
	opcodes = append(opcodes, comparisons()...)
	code = append(code, field(32)<<32|pick[uint64](draw, 0xb7, 0xb4, 0xb7, 0xb4, 0xb7, 0xbf))
	for range draw.IntN(5) {
		opcode := pick(draw, opcodes...)
		switch opcode {
		case 0x18:
			code = append(code, field(32)<<32|opcode, field(32)<<32)
		case 0x85:
			code = append(code, callTime)
		case 0x95:
			code = append(code, exitR0)
		case 0x05:
			code = append(code, field(16)<<16|opcode)
		case 0x06:
			code = append(code, field(32)<<32|opcode)
		default:
			insn := opcode
			if opcode&0x0f == 5 || opcode&0x0f == 6 {
				insn |= field(16)<<16 | field(32)<<32
			} else if opcode&8 == 0 {
				insn |= field(32) << 32
			}
			code = append(code, insn)
		}
	}
	code = append(code, exitR0)
	if flipped = draw.IntN(10) == 0; flipped {
		code[draw.IntN(len(code))] ^= 1 << draw.IntN(31) // no sign of an offset
	}
	return code, flipped
}

// arithmetic are the opcodes of addition and the like, from imm and from R0, of 32 and 64 bits.
func arithmetic() (opcodes []uint64) {
	for _, op := range []uint64{0x00, 0x10, 0x40, 0x50, 0xa0, 0xb0} {
		opcodes = append(opcodes, op|0x04, op|0x07, op|0x0c, op|0x0f)
	}
	return opcodes
}

// comparisons are the opcodes of jumps that compare R0 with imm, of 32 and 64 bits.
func comparisons() (opcodes []uint64) {
	for op := uint64(0x10); op <= 0xd0; op += 0x10 {
		if op != 0x80 && op != 0x90 { // call, exit
			opcodes = append(opcodes, op|0x05, op|0x06)
		}
	}
	return opcodes
}

// What instructions compute decides whether a jump to itself ends: the verifier finds at once when it does not.
func TestLoopsAsLinux(t *testing.T) {
	const rounds = 1_500
	n, draw := newNative(t, bpfsys.Root), rand.New(rand.NewPCG(1, 1))
	number := func() uint64 { return pick[uint64](draw, 0, 1, 2, 1<<31-1, 1<<31, 1<<32-2, 1<<32-1) << 32 }
	ended := 0
	for range rounds {
		compute := pick(draw, arithmetic()...)
		if compute&0x0f == 0x04 || compute&0x0f == 0x07 {
			compute |= number()
		}
		const toItself = 0xffff << 16
		code := []uint64{number() | 0x18, number(), compute, number() | toItself | pick(draw, comparisons()...), exitR0}
		linux, refused := n.load(n.socketFilter(code))
		require.Equal(t, linux != abi.OK, refused, "%#x: %v", code, linux)
		if !refused {
			ended++
		}
	}
	require.Greater(t, ended, rounds/4)
	require.Less(t, ended, rounds*3/4)
}

// What bpfsim takes Linux takes, and turned down are only programs that Linux refuses, that compute with what a helper
// returned, or that are something else since a bit was flipped.
func TestConstantProgramsAsLinux(t *testing.T) {
	const rounds = 2_000
	asEach(t, func(t *testing.T, n *native, draw *rand.Rand) {
		if !n.process.Caps.BPF {
			return
		}
		taken, turnedDown := 0, 0
		for range rounds {
			code, flipped := drawCode(draw)
			linux, refused := n.load(n.socketFilter(code))
			switch {
			case !refused:
				taken++
			case linux != abi.OK:
				turnedDown++
			default:
				require.True(t, flipped || slices.Contains(code, callTime), "turned down: %#x", code)
			}
		}
		require.Greater(t, taken, rounds/20)
		require.Greater(t, turnedDown, rounds/20)
	})
}
