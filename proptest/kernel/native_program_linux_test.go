package kernel

import (
	"encoding/binary"
	"math/rand/v2"
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
