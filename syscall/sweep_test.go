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
	fd             int32
	memory, length []byte
}

const (
	twinMemory = 1 << 20 // addresses
	twinRoom   = 4096    // bytes
)

func newTwin(spec MapCreate) *twin {
	t := &twin{Caller: NewCaller(NewKernel(Options{CPUs: 2}))}
	t.memory = t.Arena.Map(twinMemory, twinRoom, true)
	t.Arena.Map(twinMemory+twinRoom, 64, false)
	t.Arena.Map(twinMemory+twinRoom+128, 256, true)
	t.length = t.Arena.Map(2*twinMemory, 64, true)
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
	t.Arena.Write(twinMemory, make([]byte, 4))
	from := uint64(0)
	for {
		_, errno := t.Do(MapGetNextKey{FD: t.fd, Key: from, NextKey: twinMemory})
		if errno != abi.OK {
			return keys
		}
		from = twinMemory
		keys = append(keys, string(t.Arena.Bytes(twinMemory, 4)))
	}
}

// Copying many elements in one step leaves the results, the memory and the map that copying them one by one leaves: at
// faults, without room, with arrays that overlap, and with elements that are used again.
func TestSweepsLeaveWhatStepsLeave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := MapCreate{
			Type: rapid.SampledFrom([]abi.MapType{abi.Hash, abi.LRUHash}).Draw(t, "type"), KeySize: 4,
			ValueSize: rapid.SampledFrom([]uint32{1, 8, 13}).Draw(t, "value"), Flags: abi.FlagZeroSeed,
			MaxEntries: rapid.SampledFrom([]uint32{3, 16, 150, 3000}).Draw(t, "room"),
		}
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

// insert sets n keys.
func (t *twin) insert(first, n uint32) {
	for key := first; key < first+n; key++ {
		t.Arena.Write(twinMemory, le32(key))
		t.Arena.Write(twinMemory+4, le32(key*7))
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
