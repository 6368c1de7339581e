package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// FuzzProgLoad loads a program of any bytes with any attr, where fd 3 is an ARRAY, 4 a PROG_ARRAY and 5 a program. The text is
// readable at 1 << 40. No call may panic, two answer the same, and nothing is left when all fds are closed.
func FuzzProgLoad(f *testing.F) {
	const at = 1 << 40
	filter := ProgLoad{Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: at, License: at + 64}
	user := ProgLoad{Type: abi.ProgXDP, InsnCnt: 4, Insns: at, License: at + 64, FDArray: at + 72, FDArrayCnt: 1}
	logged := ProgLoad{Type: abi.ProgKprobe, InsnCnt: 2, Insns: at, License: at + 64, LogLevel: 1, LogSize: 512, LogBuf: at + 1024}
	text := func(code ...uint64) []byte {
		b := make([]byte, 128)
		copy(b, insns(code...))
		copy(b[64:], "GPL\x00")
		b[72] = 3
		return b
	}
	for _, seed := range []struct {
		args ProgLoad
		text []byte
	}{
		{filter, text(codeMove, codeExit)},
		{user, text(0x1018|4<<32, 0, codeMove, codeExit)},
		{user, text(0x6018, 4<<32, codeMove, codeExit)},
		{logged, text(codeCall|4<<32, codeExit)},
	} {
		attr := seed.args.Encode()
		f.Add(attr[:], seed.text, uint8(0))
	}
	f.Fuzz(func(t *testing.T, attr, memory []byte, caps uint8) {
		first, second := loadAnything(t, at, attr, memory, caps), loadAnything(t, at, attr, memory, caps)
		require.Equal(t, first, second)
	})
}

// loadAnything is one call in a kernel of its own.
func loadAnything(t *testing.T, at uint64, attr, memory []byte, caps uint8) abi.Errno {
	c := NewCaller(NewKernel(Options{CPUs: 1}))
	files := c.Process.Files.(*FDTable)
	copy(c.Arena.Map(at, 4096, true), memory)
	for _, args := range []Args{
		MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1},
		MapCreate{Type: abi.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 2},
		ProgLoad{
			Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: c.Arena.Put(insns(codeMove, codeExit)), License: c.Arena.Put([]byte{0}),
		},
	} {
		_, errno := c.Do(args)
		require.Equal(t, abi.OK, errno)
	}
	c.Process.Caps = Caps{BPF: caps&1 == 0, SysAdmin: caps&2 == 0}
	var a Attr
	copy(a[:], attr)
	a.put32(4, min(a.fields().u32(4), 4096)) // instructions, so that it stays quick
	place := c.Arena.Put(a[:])
	_, errno := c.Kernel.Bpf(&maps.Task{}, c.Process, uint32(abi.ProgLoad), place, abi.AttrSize)
	files.CloseAll()
	require.Empty(t, c.Kernel.Programs())
	require.Empty(t, c.Kernel.Maps())
	return errno
}
