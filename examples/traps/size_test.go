package traps

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

// survivors is how many of most keys, of which each CPU inserts one and the first one the rest, are in an LRU map in the end.
func survivors(t *testing.T, entries, most int) (n int) {
	m, program := begin(t, ebpf.LRUHash, uint32(entries), 0)
	for key := range most {
		on := 0
		if key < cpus {
			on = key
		}
		require.NoError(t, program.OnCPU(on).Put(uint32(key), uint64(0)))
	}
	var value uint64
	for key := range most {
		if m.Lookup(uint32(key), &value) == nil {
			n++
		}
	}
	return n
}

// aquasecurity/tracee#3930, bpftrace/bpftrace#3992, inspektor-gadget/inspektor-gadget#1231, DataDog/datadog-agent#24600: an LRU map evicts before it is
// full, since every CPU keeps free elements for itself.
func TestLRUEvictsEarly(t *testing.T) {
	t.Run("as large as needed", func(t *testing.T) { require.Less(t, survivors(t, 256, 256), 256) })
	t.Run("with what CPUs keep", func(t *testing.T) { require.Equal(t, 256, survivors(t, LRUEntries(256, cpus), 256)) })
}

// kernel-patches/bpf#10608: an update of a key that is there takes a free element first, and in a full LRU map that is another key's. Values that
// programs change in place evict nobody.
func TestUpdateEvictsAnotherKey(t *testing.T) {
	fill := func(t *testing.T, most uint32) (m Table, inserted uint32) {
		m, program := begin(t, ebpf.LRUHash, 64, 0)
		for len(entries(t, m)) == int(inserted) && inserted < most {
			require.NoError(t, program.Put(inserted, uint64(0)))
			inserted++
		}
		return m, inserted
	}
	var room uint32
	t.Run("until an insert evicts", func(t *testing.T) {
		_, inserted := fill(t, 65)
		room = inserted - 1
	})
	t.Run("full", func(t *testing.T) {
		m, _ := fill(t, room)
		require.Len(t, entries(t, m), int(room))
		require.NoError(t, m.Put(uint32(0), uint64(1)))
		require.Less(t, len(entries(t, m)), int(room))
	})
}

func entries(t *testing.T, m Table) map[uint32]uint64 {
	all, err := m.All(64)
	require.NoError(t, err)
	return all
}

// kguardian-dev/kguardian#1489, microsoft/ebpf-for-windows#4808: what user space looks up does not count as used, and is evicted all the same; what a program looks up stays.
func TestLookupKeepsNothing(t *testing.T) {
	lives := func(look func(Table, *bpftest.Map)) (lives bool) {
		t.Run("", func(t *testing.T) {
			m, program := begin(t, ebpf.LRUHash, 64, 0)
			require.NoError(t, program.Put(uint32(0), uint64(0)))
			for key := range uint32(500) {
				look(m, program)
				require.NoError(t, program.Put(1+key, uint64(0)))
			}
			lives = m.Lookup(uint32(0), new(uint64)) == nil
		})
		return lives
	}
	require.False(t, lives(func(m Table, _ *bpftest.Map) { _ = m.Lookup(uint32(0), new(uint64)) }))
	require.True(t, lives(func(_ Table, program *bpftest.Map) { _ = program.Lookup(uint32(0), new(uint64)) }))
}

// libbpf/libbpf-rs#113, microsoft/ebpf-for-windows#1423: each CPU's part of a value takes a multiple of 8 bytes.
func TestPartsAreRounded(t *testing.T) {
	k := bpftest.Kernel(t)
	m := open(t, &ebpf.MapSpec{Name: "parts", Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.NoError(t, k.Map("parts").OnCPU(1).Put(uint32(0), uint32(7)))
	raw, err := m.LookupBytes(uint32(0))
	require.NoError(t, err)
	require.Len(t, raw, 8*cpus, "not 4 for each CPU")
	require.Zero(t, binary.NativeEndian.Uint32(raw[4:]), "where the part of CPU 1 would be")
	require.EqualValues(t, 7, binary.NativeEndian.Uint32(raw[PartSize(4):]))

	var parts []uint32
	require.NoError(t, m.Lookup(uint32(0), &parts), "the library knows")
	require.EqualValues(t, 7, parts[1])
}

// parca-dev/parca-agent#1696, aquasecurity/libbpfgo#191, iovisor/gobpf#254: a value has a part for each CPU that the machine may get, not for each that it has now.
func TestPossibleCPUs(t *testing.T) {
	k := bpftest.Kernel(t)
	m := open(t, &ebpf.MapSpec{Name: "parts", Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	last := k.Map("parts").OnCPU(cpus - 1)
	require.NoError(t, last.Put(uint32(0), uint64(9)))
	if runtime.NumCPU() != cpus {
		require.Error(t, m.Put(uint32(0), make([]uint64, runtime.NumCPU()+cpus)), "too many parts")
	}
	require.Equal(t, cpus, ebpf.MustPossibleCPU())
	require.NoError(t, m.Put(uint32(0), make([]uint64, ebpf.MustPossibleCPU())))
	var value uint64
	require.NoError(t, last.Lookup(uint32(0), &value))
	require.Zero(t, value)
}
