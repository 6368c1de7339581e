package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// copies is user memory in which no call works directly.
type copies struct{ *Arena }

// user is a caller whose memory is small and has borders: two writable segments side by side, a read-only one behind
// them, a gap, another writable one. The attr lies in there too.
type user struct {
	*Caller
	memory [4][]byte
}

const (
	userMemory = 1 << 20 // addresses
	userRoom   = 64      // bytes of a segment
)

func newUser() *user {
	u := &user{Caller: NewCaller(NewKernel(Options{CPUs: 2}))}
	for i, place := range []uint64{0, 1, 2, 4} {
		u.memory[i] = u.Arena.Map(userMemory+place*userRoom, userRoom, place != 2)
		for n := range u.memory[i] {
			u.memory[i][n] = byte(n) & 3
		}
	}
	return u
}

// call lays args out at addr as far as that can be written, and calls.
func (u *user) call(args Args, addr uint64, size uint32) (int32, abi.Errno) {
	attr := args.Encode()
	u.Arena.Write(addr, attr[:min(int(size), len(attr))])
	return u.Kernel.Bpf(u.Task, u.Process, uint32(args.Cmd()), addr, size)
}

// Calls that work in the caller's memory leave the results, the memory and the map that calls on copies leave: where keys,
// values, cursors, counts and the attr overlap, cross from a segment into the next one, and cannot be read or written.
func TestDirectAccessLeavesWhatCopiesLeave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		direct, copying := newUser(), newUser()
		copying.Process.Mem = copies{copying.Arena}
		both := []*user{direct, copying}
		create := drawSmallMap(t)
		for _, u := range both {
			fd, errno := u.Do(create)
			require.Equal(t, abi.OK, errno)
			require.Equal(t, int32(3), fd)
		}
		for range rapid.SampledFrom([]int{1, 10, 100}).Draw(t, "calls") {
			args, addr := drawCall(t), drawPlace(t, "attr")
			size := rapid.SampledFrom([]uint32{uint32(attrEnd(args.Cmd())), 8, 60, abi.AttrSize}).Draw(t, "size")
			ret, errno := direct.call(args, addr, size)
			wantRet, want := copying.call(args, addr, size)
			require.Equal(t, want, errno, "%#v", args)
			require.Equal(t, wantRet, ret, "%#v", args)
			require.Equal(t, copying.memory, direct.memory, "%#v", args)
		}
		require.Equal(t, contents(copying), contents(direct))
	})
}

// contents are the elements of the only map. Reading them empties a queue.
func contents(u *user) []byte {
	m := u.Kernel.Maps()[0]
	if m.sequence != nil {
		return popAll(u.Task, m, m.sequence)
	}
	return walkAll(u.Task, m)
}

func drawSmallMap(t *rapid.T) MapCreate {
	create := MapCreate{Type: rapid.SampledFrom(allTypes).Draw(t, "type"), KeySize: 4, MaxEntries: 4}
	create.ValueSize = rapid.SampledFrom([]uint32{1, 8, 13}).Draw(t, "value size")
	switch create.Type {
	case abi.Hash, abi.LRUHash:
		create.Flags = abi.FlagZeroSeed
	case abi.Queue, abi.Stack:
		create.KeySize = 0
	}
	return create
}

// drawPlace draws an address at or near a border.
func drawPlace(t *rapid.T, what string) uint64 {
	border := rapid.SampledFrom([]uint64{0, 1, 1, 1, 2, 3, 4, 5}).Draw(t, what+" segment")
	return userMemory + border*userRoom + uint64(rapid.IntRange(-16, 40).Draw(t, what+" offset"))
}

// drawCall draws a call on the map at fd 3.
func drawCall(t *rapid.T) Args {
	const fd = 3
	key := rapid.SampledFrom([]uint64{0, drawPlace(t, "key"), drawPlace(t, "key")}).Draw(t, "key")
	value, out := drawPlace(t, "value"), drawPlace(t, "out")
	elem := MapLookupElem{FD: fd, Key: key, Value: value, Flags: rapid.SampledFrom([]uint64{0, 0, 0, abi.NoExist}).Draw(t, "flags")}
	batch := MapLookupBatch{FD: fd, In: key, Out: out, Keys: drawPlace(t, "keys"), Values: value, Count: rapid.Uint32Range(0, 5).Draw(t, "count")}
	dump := MapDumpJuly{FD: fd, PrevKey: key, Buf: value, BufLen: out, Flags: rapid.SampledFrom([]uint64{0, abi.DumpBucket}).Draw(t, "dump flags")}
	return rapid.SampledFrom([]Args{
		elem, MapUpdateElem(elem), MapUpdateElem(elem), MapUpdateElem(elem), MapLookupAndDeleteElem(elem),
		MapDeleteElem{FD: fd, Key: key}, MapGetNextKey{FD: fd, Key: key, NextKey: out}, batch, MapUpdateBatch(batch),
		MapDeleteBatch(batch), MapLookupAndDeleteBatch(batch), dump, MapDumpAndDelete(dump), MapGetNextID{},
		ObjGetInfoByFD{FD: fd, InfoLen: rapid.Uint32Range(0, 40).Draw(t, "info length"), Info: value},
	}).Draw(t, "call")
}
