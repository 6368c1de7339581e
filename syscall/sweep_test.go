package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// twin is a caller with one map and memory whose second half is read-only, behind a gap.
type twin struct {
	*Caller
	kind           abi.MapType
	fd, inner      int32
	memory, length []byte
}

const (
	twinMemory = 1 << 20 // addresses
	twinRoom   = 4096    // bytes
)

// newTwin makes a map on a kernel, which the fd of an inner map is added to where the type asks for one.
func newTwin(spec MapCreate) *twin {
	t := &twin{Caller: NewCaller(NewKernel(Options{CPUs: 2})), kind: spec.Type}
	t.memory = t.Arena.Map(twinMemory, twinRoom, true)
	t.Arena.Map(twinMemory+twinRoom, 64, false)
	t.Arena.Map(twinMemory+twinRoom+128, 256, true)
	t.length = t.Arena.Map(2*twinMemory, 64, true)
	if t.kind == abi.HashOfMaps || t.kind == abi.ArrayOfMaps {
		t.inner, _ = t.Do(MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		spec.InnerMapFD = t.inner
	}
	t.fd, _ = t.Do(spec)
	return t
}

// everything is all memory that the calls may write to.
func (t *twin) everything() []byte {
	all := append([]byte(nil), t.memory...)
	all = append(all, t.Arena.Bytes(twinMemory+twinRoom, 64)...)
	all = append(all, t.Arena.Bytes(twinMemory+twinRoom+128, 256)...)
	all = append(all, t.length...)
	attr := t.Attr()
	return append(all, attr[:]...)
}

// keys are the map's in the order of the walk.
func (t *twin) keys() (keys []string) {
	t.Arena.Write(twinMemory, make([]byte, 8))
	size := 4
	if t.kind == abi.LPMTrie {
		size = 8
	}
	from := uint64(0)
	for {
		_, errno := t.Do(MapGetNextKey{FD: t.fd, Key: from, NextKey: twinMemory})
		if errno != abi.OK {
			return keys
		}
		from = twinMemory
		keys = append(keys, string(t.Arena.Bytes(twinMemory, size)))
	}
}

// Copying many elements in one step leaves the results, the memory and the map that copying them one by one leaves: at
// faults, without room, with arrays that overlap, and with elements that are used again.
func TestSweepsLeaveWhatStepsLeave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawSwept(t)
		swift, stepping := newTwin(spec), newTwin(spec)
		stepping.Process.Interrupted = func() bool { return false }
		both := []*twin{swift, stepping}
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			first, n := rapid.Uint32Range(0, 50).Draw(t, "first"), rapid.Uint32Range(0, 400).Draw(t, "inserted")
			for _, w := range both {
				w.insert(first, n)
			}
			args, length := drawSweep(t, swift.fd)
			var errnos [2]abi.Errno
			for i, w := range both {
				copy(w.length, le32(length))
				_, errnos[i] = w.Do(args)
			}
			require.Equal(t, errnos[1], errnos[0], "%#v", args)
			require.Equal(t, stepping.everything(), swift.everything(), "%#v", args)
			require.Equal(t, stepping.keys(), swift.keys(), "%#v", args)
		}
	})
}

// Arrays that share a few bytes are written in the order of the steps, those that only touch in any. All keys are of one bucket,
// whose keys are written first.
func TestSweepsOfArraysThatTouch(t *testing.T) {
	const count = 4
	const keys, values = count * 4, count * 8 // bytes of the arrays
	spec := sweptSpec(abi.Hash, 8, count)
	for _, apart := range []int{keys - 3, keys - 2, keys - 1, keys, keys + 1, -values - 1, -values, 1 - values, 2 - values, 9 - values} {
		for _, remove := range []bool{false, true} {
			swift, stepping := newTwin(spec), newTwin(spec)
			stepping.Process.Interrupted = func() bool { return false }
			for _, w := range []*twin{swift, stepping} {
				for _, key := range []uint32{2, 5, 6, 7} {
					w.Arena.Write(twinMemory, append(le32(key), 1, 2, 3, 4))
					w.Do(MapUpdateElem{FD: w.fd, Key: twinMemory, Value: twinMemory})
				}
				at := uint64(twinMemory + 1000)
				batch := MapLookupBatch{FD: w.fd, Keys: at, Values: uint64(int64(at) + int64(apart)), Out: 2 * twinMemory, Count: count}
				args := Args(batch)
				if remove {
					args = MapLookupAndDeleteBatch(batch)
				}
				w.Do(args)
			}
			require.Equal(t, stepping.everything(), swift.everything(), "values %d bytes behind keys", apart)
		}
	}
}

// What cannot be written to the caller's memory stays in the map.
func TestSweepsLeaveWhatTheyCannotWrite(t *testing.T) {
	for _, kind := range []abi.MapType{abi.Hash, abi.LRUHash, abi.LPMTrie} {
		w := newTwin(sweptSpec(kind, 8, 300))
		w.insert(0, 100)
		before := w.keys()
		require.NotEmpty(t, before)
		copy(w.length, le32(5000))
		_, errno := w.Do(MapDumpAndDelete{FD: w.fd, Buf: twinMemory + twinRoom, BufLen: 2 * twinMemory}) // read-only
		require.Equal(t, abi.EFAULT, errno, kind)
		require.Equal(t, before, w.keys(), kind)
	}
}

// Maps larger than a step are copied whole, in order, and emptied whole.
func TestSweepsGoOn(t *testing.T) {
	const entries, buf = 10_000, 2 << 30
	for _, kind := range sweptTypes {
		spec := sweptSpec(kind, 8, entries)
		swift, stepping := newTwin(spec), newTwin(spec)
		stepping.Process.Interrupted = func() bool { return false }
		size := entries * uint32(spec.KeySize+16)
		for _, w := range []*twin{swift, stepping} {
			w.insert(0, entries-100)
			w.Arena.Map(buf, int(size), true)
		}
		value := uint64(buf + entries*spec.KeySize)
		batch := MapLookupBatch{Keys: buf, Values: value, Out: 2*twinMemory + 16, Count: entries}
		dump := MapDumpJuly{Buf: buf, BufLen: 2 * twinMemory, PrevKey: 2*twinMemory + 8}
		for _, args := range []Args{dump, batch, MapDumpAndDelete(dump)} {
			var all [2][]byte
			for i, w := range []*twin{swift, stepping} {
				copy(w.length, append(le32(size), "    no key      "...))
				clear(w.Arena.Bytes(buf, int(size)))
				_, errno := w.Do(w.on(args))
				all[i] = append(w.everything(), w.Arena.Bytes(buf, int(size))...)
				require.Contains(t, []abi.Errno{abi.OK, abi.ENOENT, abi.ENOTSUPP}, errno, "%v %#v", kind, args)
			}
			require.Equal(t, all[1], all[0], "%v %#v", kind, args)
		}
		require.Equal(t, stepping.keys(), swift.keys(), kind)
	}
}

// on is args with the fd of the map.
func (t *twin) on(args Args) Args {
	switch args := args.(type) {
	case MapDumpJuly:
		args.FD = t.fd
		return args
	case MapDumpAndDelete:
		args.FD = t.fd
		return args
	case MapLookupBatch:
		args.FD = t.fd
		return args
	}
	return args
}

// sweptTypes are those whose elements can be copied many at a time.
var sweptTypes = []abi.MapType{
	abi.Hash, abi.LRUHash, abi.PerCPUHash, abi.Array, abi.PerCPUArray, abi.LPMTrie, abi.HashOfMaps,
	abi.ArrayOfMaps,
}

// drawSwept draws one.
func drawSwept(t *rapid.T) MapCreate {
	kind := rapid.SampledFrom(sweptTypes).Draw(t, "type")
	value := rapid.SampledFrom([]uint32{1, 8, 13}).Draw(t, "value")
	return sweptSpec(kind, value, rapid.SampledFrom([]uint32{3, 16, 150, 3000}).Draw(t, "room"))
}

// sweptSpec is a map of that type.
func sweptSpec(kind abi.MapType, value, entries uint32) MapCreate {
	spec := MapCreate{Type: kind, KeySize: 4, ValueSize: value, Flags: abi.FlagZeroSeed, MaxEntries: entries}
	switch kind {
	case abi.Array, abi.PerCPUArray:
		spec.Flags = 0
	case abi.LPMTrie:
		spec.KeySize, spec.Flags = 8, abi.FlagNoPrealloc
	case abi.HashOfMaps:
		spec.ValueSize = 4
	case abi.ArrayOfMaps:
		spec.ValueSize, spec.Flags = 4, 0
	}
	return spec
}

// insert sets n keys. Those of a trie have the bits of a number for their data, and a length that depends on it; values of a
// map of maps are the fd of its inner map.
func (t *twin) insert(first, n uint32) {
	for key := first; key < first+n; key++ {
		t.Arena.Write(twinMemory, le32(key))
		t.Arena.Write(twinMemory+4, le32(key*7))
		switch {
		case t.kind == abi.LPMTrie:
			t.Arena.Write(twinMemory, append(le32(24+key%9), byte(key>>8), byte(key), byte(key*7), byte(key*31)))
		case t.inner != 0:
			t.Arena.Write(twinMemory+8, le32(uint32(t.inner)))
			t.Do(MapUpdateElem{FD: t.fd, Key: twinMemory, Value: twinMemory + 8})
			continue
		}
		t.Do(MapUpdateElem{FD: t.fd, Key: twinMemory, Value: twinMemory})
	}
}

// drawSweep draws a call that copies many elements, and the word at the address of its length.
func drawSweep(t *rapid.T, fd int32) (Args, uint32) {
	place := func(name string) uint64 {
		return twinMemory + rapid.SampledFrom([]uint64{0, 0, 5, 1000, twinRoom - 100, twinRoom - 20, twinRoom + 120, twinRoom + 300}).Draw(t, name)
	}
	length := rapid.SampledFrom([]uint32{4, 5, 12, 17, 60, 100, 1000, 5000, 100_000}).Draw(t, "length")
	cursor := rapid.SampledFrom([]uint64{0, 0, 2*twinMemory + 8, twinMemory}).Draw(t, "cursor")
	july := MapDumpJuly{FD: fd, Buf: place("buf"), BufLen: 2 * twinMemory, PrevKey: cursor}
	july.Flags = rapid.SampledFrom([]uint64{0, abi.DumpBucket}).Draw(t, "flags")
	batch := MapLookupBatch{
		FD: fd, Keys: place("keys"), Values: place("values"), Out: 2*twinMemory + 16,
		Count: rapid.SampledFrom([]uint32{1, 2, 7, 64, 100, 400, 5000, 1 << 31}).Draw(t, "count"),
	}
	return rapid.SampledFrom([]Args{
		MapDump{FD: fd, Buf: july.Buf, BufLen: july.BufLen, PrevKey: cursor}, july, MapDumpAndDelete(july), batch,
		MapLookupAndDeleteBatch(batch),
	}).Draw(t, "call"), length
}
