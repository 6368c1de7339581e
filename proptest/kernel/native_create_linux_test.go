package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// pick draws one of values.
func pick[T any](draw *rand.Rand, values ...T) T { return values[draw.IntN(len(values))] }

// sound is a creation that Linux accepts.
func sound(kind abi.MapType, hash, types int32) bpfsys.MapCreate {
	a := bpfsys.MapCreate{Type: kind, KeySize: 4, ValueSize: 4, MaxEntries: 2}
	switch kind {
	case abi.StackTrace:
		a.ValueSize = 64
	case abi.CgroupStorage, abi.PerCPUCgroupStorage:
		a.KeySize, a.MaxEntries = 16, 0
	case abi.Queue, abi.Stack, abi.BloomFilter:
		a.KeySize = 0
	case abi.RingBuf, abi.UserRingBuf:
		a.KeySize, a.ValueSize, a.MaxEntries = 0, 0, 4096
	case abi.Arena:
		a.KeySize, a.ValueSize, a.MaxEntries, a.Flags = 0, 0, 1, abi.FlagMmapable
	case abi.LPMTrie:
		a.KeySize, a.Flags = 8, abi.FlagNoPrealloc
	case abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage:
		a.Flags, a.MaxEntries, a.BTFKeyType, a.BTFValueType, a.BTFFD = abi.FlagNoPrealloc, 0, 1, 1, types
	case abi.StructOps:
		a.MaxEntries, a.BTFFD = 1, types
		if types := hostBTF(); types != nil {
			a.BTFVmlinuxValue, _ = types.Struct("bpf_struct_ops_bpf_dummy_ops")
			a.ValueSize = types.Type(a.BTFVmlinuxValue).Bytes()
		}
	case abi.ArrayOfMaps, abi.HashOfMaps:
		a.InnerMapFD = hash
	}
	return a
}

// spoil changes one thing.
func (n *native) spoil(a *bpfsys.MapCreate, draw *rand.Rand) {
	fds := []int32{n.fds.hash, n.fds.program, n.fds.file, n.fds.closed, n.fds.btf, -1, 0}
	switch draw.IntN(13) {
	case 0:
		a.KeySize = pick[uint32](draw, 0, 1, 4, 5, 8, 12, 16, 24, 260, 261, 512, 513, 4194251, 4194252, 1<<31)
	case 1, 2:
		a.ValueSize = pick[uint32](draw, 0, 1, 2, 4, 8, 12, 32, 40, 64, 1016, 1024, 4064, 4096, 32768, 32769, 65407, 65408,
			4194024, 4194025, 4194251, 4194252, 4194304, 4194305, 1<<31, 1<<32-1)
	case 3:
		a.MaxEntries = pick[uint32](draw, 0, 1, 2, 3, 64, 4095, 4096, 8192, 12288)
	case 4:
		a.MaxEntries = n.huge(a.Type, draw)
	case 5, 6:
		a.Flags ^= 1 << draw.IntN(32)
	case 7:
		a.Flags |= pick(draw, abi.FlagNUMANode, abi.FlagReadOnly|abi.FlagWriteOnly,
			abi.FlagReadOnlyProg|abi.FlagWriteOnlyProg)
		a.NumaNode = pick(draw, 0, 0, 1, 63, abi.AnyNode)
	case 8:
		a.Extra = pick[uint64](draw, 1, 15, 16, 4096, 0xfffff000, 1<<32, 1<<64-4096)
	case 9:
		a.InnerMapFD, a.BTFFD, a.TokenFD = pick(draw, fds...), pick(draw, fds...), pick(draw, fds...)
	case 10:
		a.BTFKeyType, a.BTFValueType = pick[uint32](draw, 0, 1), pick[uint32](draw, 0, 1)
		a.BTFVmlinuxValue = pick[uint32](draw, 0, 0, 1)
	case 11:
		a.Ifindex, a.Name = pick[uint32](draw, 0, 1, 1, 2, 3, 9999), pick(draw, bpfsys.NameOf("x"), bpfsys.NameOf("a b"), [16]byte{15: 1})
	case 12:
		a.ExclProgHash, a.ExclProgHashSize = pick(draw, 0, 1, n.text()), pick[uint32](draw, 0, 31, 32)
	}
}

// huge is a number of entries that Linux refuses for types which check it, and else a small one.
func (n *native) huge(kind abi.MapType, draw *rand.Rand) uint32 {
	switch kind {
	case abi.Hash, abi.PerCPUHash, abi.LRUHash, abi.LRUPerCPUHash, abi.HashOfMaps:
		return pick[uint32](draw, 1<<27+1, 1<<32-1)
	case abi.CPUMap:
		return pick[uint32](draw, 256, 257)
	case abi.Arena:
		return pick[uint32](draw, 1<<20, 1<<20+1)
	case abi.StackTrace, abi.SockHash, abi.DevMapHash:
		return pick[uint32](draw, 1<<31+1, 1<<32-1)
	case abi.RingBuf, abi.UserRingBuf:
		return pick[uint32](draw, 1<<32-4096, 1<<32-1)
	}
	return 5
}

// bound keeps what Linux would allocate small.
func bound(a *bpfsys.MapCreate) {
	if uint64(a.KeySize)+uint64(a.ValueSize) > 4<<10 && a.MaxEntries > 2 && a.MaxEntries < 1<<27 {
		a.MaxEntries = 2
	}
}

// Every creation that Linux finds fault with gets its errno, and what it makes is made, for all types.
func TestCreateAsLinux(t *testing.T) {
	const rounds = 1_000
	asEach(t, func(t *testing.T, n *native, draw *rand.Rand) {
		accepted := map[abi.MapType]bool{}
		for range rounds {
			a := sound(abi.MapType(draw.IntN(int(abi.NumMapTypes)+1)), n.fds.hash, n.fds.btf)
			for range draw.IntN(4) {
				n.spoil(&a, draw)
			}
			bound(&a)
			linux, no := n.compare(abi.MapCreate, a.Encode())
			require.False(t, no, "refused: %+v", a)
			if linux == abi.OK {
				accepted[a.Type] = true
			}
		}
		for kind := abi.Hash; kind < abi.NumMapTypes; kind++ {
			able := n.process.Caps.SysAdmin || n.process.Caps.BPF && kind != abi.SockMap && kind != abi.SockHash &&
				kind != abi.DevMap && kind != abi.DevMapHash && kind != abi.XSKMap
			if kind == abi.StructOps {
				able = able && hostBTF() != nil
			}
			require.Equal(t, able, accepted[kind], "%v accepted", kind)
		}
	})
}
