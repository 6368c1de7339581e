package bpfsys

import (
	"bytes"
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// Addresses of the fuzzed process: the memory that the fuzzer fills, a read-only copy of its start, and the attr.
const (
	fuzzMem      = 0x10000
	fuzzReadOnly = 0x20000
	fuzzAttr     = 0x30000
	fuzzMemSize  = 4096 + 64
)

// fuzzTarget is a kernel with a map of each type, open at fds 3 to 7, the third of them pinned as well.
type fuzzTarget struct {
	*Caller
	files *FDTable
}

func newFuzzTarget(t testing.TB, memory []byte) *fuzzTarget {
	k := NewKernel(Options{CPUs: 2})
	arena := NewArena()
	copy(arena.Map(fuzzMem, fuzzMemSize, true), memory)
	copy(arena.Map(fuzzReadOnly, 64, false), memory)
	files := NewFDTable()
	p := &Process{Mem: arena, Files: files, FS: NewFileTree(), Caps: Root}
	target := &fuzzTarget{&Caller{Kernel: k, Task: &maps.Task{}, Process: p, Arena: arena, attr: arena.Alloc(abi.AttrSize)}, files}
	for _, typ := range allTypes {
		args := MapCreate{Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: abi.FlagZeroSeed}
		if typ != abi.Hash && typ != abi.LRUHash {
			args.Flags = 0
		}
		if typ == abi.Queue || typ == abi.Stack {
			args.KeySize = 0
		}
		fd, errno := target.Do(args)
		require.Equal(t, abi.OK, errno)
		file, _ := files.Get(fd)
		for i := range byte(3) {
			call := call{kernel: k, task: target.Task, proc: p, arena: &nothing}
			errno := call.set(file.m, []byte{i, 0, 0, 0}[:args.KeySize], []byte("value  "+string('0'+i)), 0)
			require.Equal(t, abi.OK, errno)
		}
	}
	file, _ := files.Get(5)
	require.Equal(t, abi.OK, p.FS.Pin(AtCWD, BPFFS+"/pin", file.m))
	return target
}

// state is everything about the maps that a call could change. Reading it empties the queues.
func (f *fuzzTarget) state() (state [][]byte) {
	for _, m := range f.Kernel.Maps() {
		shown := []byte(m.FDInfo() + m.Name())
		if seq := m.sequence; seq != nil {
			shown = append(shown, popAll(f.Task, m, seq)...)
		} else {
			shown = append(shown, walkAll(f.Task, m)...)
		}
		state = append(state, shown)
	}
	return state
}

func popAll(t *maps.Task, m *Map, seq maps.Sequence) (values []byte) {
	value := make([]byte, m.maps.ValueBytes())
	for seq.Pop(t, value) == abi.OK {
		values = append(values, value...)
	}
	return values
}

// walkAll reads up to 16 elements: the maps of the target have no more, those that the fuzzer makes hold nothing.
func walkAll(t *maps.Task, m *Map) (elements []byte) {
	if m.maps.ValueBytes() > fuzzMemSize {
		return nil
	}
	var key []byte
	next, value := make([]byte, m.Spec().KeySize), make([]byte, m.maps.ValueBytes())
	for range 16 {
		if m.nextKey(t, key, next) != abi.OK {
			break
		}
		key = next
		m.get(t, key, value)
		elements = append(append(elements, key...), value...)
	}
	return elements
}

// mayChange tells whether a call that ended with errno may have changed a map. On Linux a failed one may, too: batches
// stop in the middle, a value that cannot be copied out is lost, and an LRU evicts before it finds out.
func mayChange(cmd abi.Cmd, errno abi.Errno) bool {
	switch cmd {
	case abi.MapLookupElem, abi.MapGetNextKey, abi.MapLookupBatch, abi.ObjGetInfoByFD, abi.MapGetNextID,
		abi.MapGetFDByID, abi.MapDump, abi.MapDumpJuly, abi.ObjPin, abi.ObjGet, abi.ProgLoad:
		return false
	case abi.MapLookupAndDeleteBatch, abi.MapUpdateBatch, abi.MapDeleteBatch, abi.MapDumpAndDelete:
		return true
	case abi.MapLookupAndDeleteElem:
		return errno == abi.OK || errno == abi.EFAULT
	case abi.MapUpdateElem:
		return errno == abi.OK || errno == abi.EEXIST || errno == abi.ENOENT
	}
	return errno == abi.OK
}

// FuzzBpf calls once, with anything. No call may panic, change a map when it reads or fails, or write into
// read-only memory, and all maps without a pin go with the last fd.
func FuzzBpf(f *testing.F) {
	for _, seed := range fuzzSeeds() {
		attr := seed.Encode()
		f.Add(uint32(seed.Cmd()), attr[:], []byte("\x01\x00\x00\x00\x0c\x00\x00\x00/sys/fs/bpf/pin\x00"), uint32(abi.AttrSize), uint8(0))
	}
	f.Add(uint32(99), []byte{}, []byte{}, uint32(5000), uint8(1))
	f.Fuzz(func(t *testing.T, cmd uint32, attr, memory []byte, size uint32, caps uint8) {
		target := newFuzzTarget(t, memory)
		if len(attr) > 0 {
			copy(target.Arena.Map(fuzzAttr, len(attr), true), attr)
		}
		target.Process.Caps = Caps{BPF: caps&1 == 0, SysAdmin: caps&2 == 0}
		ret, errno := target.Kernel.Bpf(target.Task, target.Process, cmd, fuzzAttr, size)
		require.True(t, errno == abi.OK || ret == 0, "result %d with %s", ret, errno)
		want := make([]byte, 64)
		copy(want, memory)
		require.Equal(t, want, target.Arena.Bytes(fuzzReadOnly, 64))
		if !mayChange(abi.Cmd(cmd), errno) {
			before := newFuzzTarget(t, nil).state()
			require.True(t, slices.EqualFunc(before, target.state(), bytes.Equal), "%s changed a map: %s", abi.Cmd(cmd), errno)
		}
		target.files.CloseAll()
		require.Equal(t, pinsOf(target), len(target.Kernel.Maps()), "only what is pinned is left")
	})
}

// pinsOf counts the maps that are pinned: the target's own and what a call of ObjPin may have added.
func pinsOf(f *fuzzTarget) int {
	pinned := map[*Map]bool{}
	var count func(n *node)
	count = func(n *node) {
		if n.pinned != nil && n.pinned.m != nil {
			pinned[n.pinned.m] = true
		}
		for _, child := range n.children {
			count(child)
		}
	}
	count(f.Process.FS.(*FileTree).root)
	return len(pinned)
}

// fuzzSeeds are valid calls of every command on the target's maps.
func fuzzSeeds() (seeds []Args) {
	const key, value, path, room = fuzzMem, fuzzMem + 64, fuzzMem + 8, fuzzMem + 4
	for fd := int32(3); fd <= 7; fd++ {
		elem := MapLookupElem{FD: fd, Key: key, Value: value}
		if fd >= 6 {
			elem.Key = 0
		}
		elems := MapLookupBatch{FD: fd, Out: value, Keys: key, Values: value, Count: 3}
		seeds = append(seeds,
			elem, MapUpdateElem(elem), MapLookupAndDeleteElem(elem), MapDeleteElem{FD: fd, Key: elem.Key},
			MapGetNextKey{FD: fd, Key: elem.Key, NextKey: value}, MapFreeze{FD: fd},
			elems, MapLookupAndDeleteBatch(elems), MapUpdateBatch(elems), MapDeleteBatch(elems),
			ObjGetInfoByFD{FD: fd, InfoLen: abi.MapInfoSize, Info: value + 512}, ObjPin{FD: fd, Pathname: path},
			MapDump{FD: fd, Buf: value, BufLen: room}, MapDumpJuly{FD: fd, Buf: value, BufLen: room},
			MapDumpAndDelete{FD: fd, Buf: value, BufLen: room},
		)
	}
	return append(seeds, validCreate(), MapGetNextID{StartID: 1}, MapGetFDByID{ID: 2}, ObjGet{Pathname: path},
		ProgLoad{Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: fuzzMem, License: fuzzMem + 8})
}
