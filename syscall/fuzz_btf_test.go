package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// FuzzBTFLoad loads any bytes as BTF with any attr; they are readable at 1 << 40, and the log may be there, too. No call may panic, two
// answer the same, and nothing is left when all fds are closed.
func FuzzBTFLoad(f *testing.F) {
	const at = 1 << 40
	var b btf.Builder
	b.Struct("s", 8, btf.Member{Name: "a", Type: b.Int("int", 4)}, btf.Member{Name: "b", Type: 1, Offset: 32})
	data := b.Bytes()
	for _, args := range []BTFLoad{
		{Data: at, Size: uint32(len(data))},
		{Data: at, Size: uint32(len(data)), LogLevel: 1, LogBuf: at + 1024, LogSize: 512},
	} {
		attr := args.Encode()
		f.Add(attr[:], data, uint8(0))
	}
	f.Fuzz(func(t *testing.T, attr, memory []byte, caps uint8) {
		require.Equal(t, loadAnyBTF(t, at, attr, memory, caps), loadAnyBTF(t, at, attr, memory, caps))
	})
}

// loadAnyBTF is one call in a kernel of its own: its errno, and what memory holds afterwards.
func loadAnyBTF(t *testing.T, at uint64, attr, memory []byte, caps uint8) string {
	c := NewCaller(NewKernel(Options{CPUs: 1}))
	mapped := c.Arena.Map(at, 4096, true)
	copy(mapped, memory)
	c.Process.Caps = Caps{BPF: caps&1 == 0, SysAdmin: caps&2 == 0}
	var a Attr
	copy(a[:], attr)
	_, errno := c.Kernel.Bpf(&maps.Task{}, c.Process, uint32(abi.BTFLoad), c.Arena.Put(a[:]), abi.AttrSize)
	c.Process.Files.(*FDTable).CloseAll()
	_, lives := c.Kernel.btfs.from(1)
	require.False(t, lives)
	return errno.String() + string(mapped)
}
