package traps

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// iovisor/bcc#5273, cilium/ebpf#1250, cilium/ebpf#1485, aquasecurity/libbpfgo#509: a batch is whole buckets. One that has more elements than
// there is room answers ENOSPC, and does so again unless the room grows.
func TestBucketLargerThanTheRoom(t *testing.T) {
	m, _ := begin(t, ebpf.Hash, 64, 64)
	keys, values := make([]uint32, 1), make([]uint64, 1)
	var cursor ebpf.MapBatchCursor
	var err error
	for err == nil {
		_, err = m.BatchLookup(&cursor, keys, values, nil)
	}
	require.ErrorIs(t, err, unix.ENOSPC)
	_, err = m.BatchLookup(&cursor, keys, values, nil)
	require.ErrorIs(t, err, unix.ENOSPC, "the cursor stays in front of the bucket")

	all, err := m.All(1)
	require.NoError(t, err)
	require.Len(t, all, 64)
}

// cilium/cilium#48222: room that is doubled a number of times is not always enough; as much as the map can hold is.
func TestRetriesRunOut(t *testing.T) {
	m, _ := begin(t, ebpf.Hash, 256, 256)
	var cursor ebpf.MapBatchCursor
	var err error
	room, retries := 1, 0
	for err == nil {
		keys, values := make([]uint32, room), make([]uint64, room)
		if _, err = m.BatchLookup(&cursor, keys, values, nil); err != nil && retries < 1 {
			room, retries, err = 2*room, retries+1, nil
		}
	}
	require.ErrorIs(t, err, unix.ENOSPC)

	all, err := m.All(1)
	require.NoError(t, err)
	require.Len(t, all, 256)
}

// cilium/ebpf#1741, aquasecurity/libbpfgo#198, aquasecurity/libbpfgo#199, aquasecurity/libbpfgo#515: the last batch comes with ENOENT. Who looks at the
// error first loses it.
func TestLastBatchHasAnError(t *testing.T) {
	m, _ := begin(t, ebpf.Hash, 8, 3)
	keys, values := make([]uint32, 8), make([]uint64, 8)
	n, err := m.BatchLookup(new(ebpf.MapBatchCursor), keys, values, nil)
	require.ErrorIs(t, err, ebpf.ErrKeyNotExist)
	require.Equal(t, 3, n)

	all, err := m.All(8)
	require.NoError(t, err)
	require.Len(t, all, 3)
}

// DataDog/datadog-agent#23127, cilium/cilium#36981: DELETE_BATCH ends at the first key that is not there, and leaves those behind it.
func TestDeleteBatchStops(t *testing.T) {
	m, program := begin(t, ebpf.Hash, 8, 5)
	require.NoError(t, program.Delete(uint32(1)))
	keys := []uint32{0, 1, 2, 3, 4}
	n, err := m.BatchDelete(keys, nil)
	require.ErrorIs(t, err, ebpf.ErrKeyNotExist)
	require.Equal(t, 1, n)
	var value uint64
	require.NoError(t, m.Lookup(uint32(4), &value), "still there")

	n, err = m.DeleteAll(keys)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.ErrorIs(t, m.Lookup(uint32(4), &value), ebpf.ErrKeyNotExist)
}

// open-telemetry/opentelemetry-ebpf-profiler#1833: a batch cannot insert only what is new. BPF_NOEXIST among the batch's flags is ignored, among
// the elements' it is EINVAL.
func TestUpdateBatchIgnoresNoExist(t *testing.T) {
	m, _ := begin(t, ebpf.Hash, 8, 1)
	keys, values := []uint32{0, 1}, []uint64{77, 77}
	_, err := m.BatchUpdate(keys, values, &ebpf.BatchOptions{ElemFlags: uint64(ebpf.UpdateNoExist)})
	require.ErrorIs(t, err, unix.EINVAL)
	n, err := m.BatchUpdate(keys, values, &ebpf.BatchOptions{Flags: uint64(ebpf.UpdateNoExist)})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	var value uint64
	require.NoError(t, m.Lookup(uint32(0), &value))
	require.EqualValues(t, 77, value, "overwritten")

	require.ErrorIs(t, m.Update(uint32(0), uint64(88), ebpf.UpdateNoExist), ebpf.ErrKeyExist, "single updates can")
}

// open-telemetry/opentelemetry-ebpf-profiler#1833: a map that is full in the middle of a batch keeps the first part of it, and the error comes with
// its length.
func TestUpdateBatchIsHalfDone(t *testing.T) {
	m, _ := begin(t, ebpf.Hash, 2, 0)
	keys := []uint32{5, 6, 7}
	n, err := m.BatchUpdate(keys, []uint64{1, 1, 1}, nil)
	require.ErrorIs(t, err, unix.E2BIG)
	require.Equal(t, 2, n)

	undone, err := m.DeleteAll(keys[:n])
	require.NoError(t, err)
	require.Equal(t, 2, undone)
}

// iovisor/bcc#3234: with programs that insert meanwhile, what LOOKUP_AND_DELETE_BATCH returns and what is left are together what was inserted.
func TestTakingConserves(t *testing.T) {
	m, program := begin(t, ebpf.Hash, 64, 32)
	got := make(map[uint32]bool)
	keys, values := make([]uint32, 8), make([]uint64, 8)
	var cursor ebpf.MapBatchCursor
	var err error
	inserted := uint32(32)
	for err == nil {
		var n int
		n, err = m.BatchLookupAndDelete(&cursor, keys, values, nil)
		for _, key := range keys[:n] {
			require.False(t, got[key], "key %d twice", key)
			got[key] = true
		}
		require.NoError(t, program.Put(inserted, uint64(0)))
		inserted++
	}
	require.ErrorIs(t, err, ebpf.ErrKeyNotExist)
	left, err := m.All(64)
	require.NoError(t, err)
	require.Len(t, left, int(inserted)-len(got))
}

// beepfd/core#13, cilium/ebpf#207, cilium/ebpf#1223: the cursor of a walk's first batch is no cursor at all, and that of a walk which has ended, or of
// another map, is of no use for the next walk.
func TestCursorIsForOneWalk(t *testing.T) {
	m, _ := begin(t, ebpf.Hash, 8, 8)
	other := open(t, &ebpf.MapSpec{Name: "other", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 8})
	keys, values := make([]uint32, 8), make([]uint64, 8)
	var cursor ebpf.MapBatchCursor
	n, err := m.BatchLookup(&cursor, keys, values, nil)
	require.ErrorIs(t, err, ebpf.ErrKeyNotExist)
	require.Equal(t, 8, n)
	n, err = m.BatchLookup(&cursor, keys, values, nil)
	require.Error(t, err)
	require.Zero(t, n, "not from the start")
	_, err = other.BatchLookup(&cursor, keys, values, nil)
	require.ErrorContains(t, err, "across maps")

	n, _ = m.BatchLookup(new(ebpf.MapBatchCursor), keys, values, nil)
	require.Equal(t, 8, n)
}
