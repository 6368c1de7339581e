package kernel

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// functionSize is the size in bytes of the BTF that function writes.
const functionSize = 24 + 40 + 7

// function is the address of BTF with int (1), a prototype that returns it (2), and a function f of that type (3).
func (n *native) function() uint64 {
	const at = 2048
	b := []byte{0x9f, 0xeb, 1, 0}
	for _, word := range []uint32{
		24, 0, 40, 40, 7, // the header: its size, types, strings
		1, 1 << 24, 4, 1<<24 | 32, // int
		0, 13 << 24, 1, // int (*)(void)
		5, 12 << 24, 2, // f
	} {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	copy(n.memory.bytes[at:], append(b, "\x00int\x00f\x00"...))
	return n.memory.addr + at
}

// withRecords gives a program of two functions records that are right but for what is drawn.
func (n *native) withRecords(draw *rand.Rand) bpfsys.ProgLoad {
	const funcs, lines, relos = 2048, 2304, 2560
	args := n.socketFilter([]uint64{1<<32 | 1<<12 | 0x85, exitR0, 0xb7, exitR0})
	args.BTFFD = n.fds.types
	clear(n.memory.bytes[funcs:])
	put := func(at int, words ...uint32) {
		for i, word := range words {
			if draw.IntN(40) == 0 {
				word = pick[uint32](draw, 0, 1, 2, 3, 8, 9, 99, 1<<31)
			}
			binary.LittleEndian.PutUint32(n.memory.bytes[at+4*i:], word)
		}
	}
	count := func(is uint32) uint32 {
		if draw.IntN(8) == 0 {
			return pick[uint32](draw, 0, 1, 2, 3)
		}
		return is
	}
	size := func(is uint32) uint32 {
		if draw.IntN(8) == 0 {
			return pick[uint32](draw, 0, is-4, is+4, is+2, 252, 256)
		}
		return is
	}
	args.FuncInfo, args.FuncInfoCnt, args.FuncInfoRecSize = n.memory.addr+funcs, count(2), size(8)
	put(funcs, 0, 3, 2, 3)
	args.LineInfo, args.LineInfoCnt, args.LineInfoRecSize = n.memory.addr+lines, count(2), size(16)
	put(lines, 0, 1, 1, 1<<10, 2, 1, 1, 2<<10)
	if draw.IntN(8) == 0 { // one of Linux's is never right: nothing has to be relocated here
		args.CoreRelos, args.CoreReloCnt, args.CoreReloRecSize = n.memory.addr+relos, 1, size(16)
		put(relos, 3, 0, 0, 0)
	}
	switch draw.IntN(20) {
	case 0:
		args.BTFFD = pick(draw, -1, 0, n.fds.hash, n.fds.closed)
	case 1:
		args.FuncInfo = pick[uint64](draw, 0, 1)
	case 2:
		args.LineInfo = pick[uint64](draw, 0, 1)
	}
	return args
}

// Functions and lines of a program are described as Linux wants it, or refused for the same reason.
func TestRecordsAsLinux(t *testing.T) {
	const rounds = 3_000
	n, draw := newNative(t, bpfsys.Root), rand.New(rand.NewPCG(1, 1))
	seen := map[abi.Errno]int{}
	for range rounds {
		linux, _ := n.load(n.withRecords(draw))
		seen[linux]++
	}
	require.Zero(t, n.passed, "%v", seen)
	for _, want := range []abi.Errno{abi.OK, abi.EINVAL, abi.EBADF, abi.EFAULT, abi.E2BIG} {
		require.NotZero(t, seen[want], "%v never came of %v", want, seen)
	}
}

// A PROG_ARRAY takes, shows and gives back programs as Linux does, and one program decides for all that follow.
func TestProgArrayAsLinux(t *testing.T) {
	const rounds = 2_000
	n, draw := newNative(t, bpfsys.Root), rand.New(rand.NewPCG(1, 1))
	array := n.object(bpfsys.MapCreate{Type: abi.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 3})
	xdp := n.socketFilter([]uint64{0xb7, exitR0})
	xdp.Type = abi.ProgXDP
	other := n.object(xdp)
	seen := map[abi.Errno]int{}
	for range rounds {
		key, value := n.memory.addr+512, n.memory.addr+516
		binary.LittleEndian.PutUint32(n.memory.bytes[512:], uint32(draw.IntN(4)))
		fd := pick(draw, n.fds.program, n.fds.program, other, n.fds.hash, n.fds.types, n.fds.closed, -1)
		binary.LittleEndian.PutUint32(n.memory.bytes[516:], uint32(fd))
		flags := pick[uint64](draw, 0, 0, 0, 0, 1, 2, 4)
		elem := bpfsys.MapLookupElem{FD: array, Key: key, Value: value, Flags: flags}
		cmd := pick(draw, abi.MapLookupElem, abi.MapUpdateElem, abi.MapUpdateElem, abi.MapDeleteElem, abi.MapGetNextKey, abi.MapLookupAndDeleteElem)
		attr := elem.Encode()
		if cmd == abi.MapDeleteElem {
			attr = bpfsys.MapDeleteElem{FD: array, Key: key}.Encode()
		}
		if cmd == abi.MapGetNextKey {
			attr = bpfsys.MapGetNextKey{FD: array, Key: key, NextKey: value}.Encode()
		}
		linux, _ := n.compare(cmd, attr)
		seen[linux]++
	}
	require.NotZero(t, seen[abi.OK])
	require.NotZero(t, seen[abi.EBADF])
}
