package traps

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// cilium/cilium#46298, cilium/cilium#46319, cilium/cilium#46750: a collector reads a batch, chooses what is idle, and deletes it. What a program refreshed
// in between is deleted, too.
func TestRefreshedEntryIsDeleted(t *testing.T) {
	m, program := begin(t, ebpf.Hash, 8, 4)
	idle := func() (keys []uint32) {
		all, err := m.All(8)
		require.NoError(t, err)
		for key, seen := range all {
			if seen < 100 {
				keys = append(keys, key)
			}
		}
		return keys
	}
	chosen := idle()
	require.NoError(t, program.Put(uint32(2), uint64(100)), "a packet comes")
	_, err := m.DeleteAll(chosen)
	require.NoError(t, err)
	var seen uint64
	require.ErrorIs(t, program.Lookup(uint32(2), &seen), unix.ENOENT, "its connection is lost")

	require.NoError(t, program.Put(uint32(2), uint64(0)))
	require.NoError(t, program.Put(uint32(3), uint64(0)))
	chosen = idle()
	require.NoError(t, program.Put(uint32(2), uint64(100)))
	require.NoError(t, m.Expire(chosen, 100))
	require.NoError(t, program.Lookup(uint32(2), &seen))
	require.EqualValues(t, 100, seen)
	require.ErrorIs(t, program.Lookup(uint32(3), &seen), unix.ENOENT)
}

// netobserv/netobserv-ebpf-agent#283, netobserv/netobserv-ebpf-agent#51: a counter is read, then deleted. What programs counted in between is lost.
func TestCountsAreLost(t *testing.T) {
	m, program := begin(t, ebpf.Hash, 8, 0)
	var read uint64
	require.NoError(t, program.Put(uint32(1), uint64(3)))
	require.NoError(t, m.Lookup(uint32(1), &read))
	require.NoError(t, program.Put(uint32(1), uint64(5)), "two more packets")
	require.NoError(t, m.Delete(uint32(1)))
	require.EqualValues(t, 3, read, "of 5")

	require.NoError(t, program.Put(uint32(1), uint64(5)))
	read, err := m.Take(1)
	require.NoError(t, err)
	require.EqualValues(t, 5, read)
}

// open-telemetry/opentelemetry-ebpf-profiler#1055, grafana/pyroscope#2769, libbpf/libbpf-rs#1401: a full map answers E2BIG, "argument list too long", and
// libraries speak of a big key.
func TestFullMapSpeaksOfKeys(t *testing.T) {
	m, _ := begin(t, ebpf.Hash, 2, 2)
	err := m.Put(uint32(7), uint64(0))
	require.ErrorIs(t, err, unix.E2BIG)
	require.ErrorContains(t, err, "key too big")
	require.NoError(t, m.Put(uint32(1), uint64(0)), "what is there can be replaced")

	require.ErrorIs(t, m.Insert(7, 0), ErrFull)
}

// cilium/cilium#35010, netobserv/netobserv-ebpf-agent#61: an insert answers EBUSY when the same CPU holds a lock of the map, as it may while somebody walks. It is not full.
func TestInsertIsBusy(t *testing.T) {
	k := bpftest.Kernel(t)
	m := Table{open(t, &ebpf.MapSpec{Name: "busy", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 8})}
	busy := k.Fail(fault.Rule{Cmd: abi.MapUpdateElem, Name: "busy", Every: 2, Errno: abi.EBUSY})
	require.NoError(t, m.Put(uint32(1), uint64(0)))
	require.ErrorIs(t, m.Put(uint32(2), uint64(0)), unix.EBUSY)

	require.NoError(t, m.Insert(3, 0))
	require.NoError(t, m.Insert(4, 0))
	require.EqualValues(t, 2, busy.Hits())
}
