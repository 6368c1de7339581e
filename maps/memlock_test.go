package maps_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// The sizes are memlock in fdinfo of Linux 6.18.44 with 2 possible CPUs.
func TestMemlock(t *testing.T) {
	cases := []struct {
		kind                      abi.MapType
		key, value, entries, flag uint32
		want                      uint64
	}{
		{abi.Hash, 4, 8, 10, 0, 1936}, {abi.Hash, 1, 1, 1, 0, 1120}, {abi.Hash, 5, 9, 1000, 0, 89440},
		{abi.Hash, 4, 8, 10, abi.FlagNoPrealloc, 1152},
		{abi.LRUHash, 4, 8, 10, 0, 1792}, {abi.LRUHash, 4, 8, 9, 0, 1728}, {abi.LRUHash, 4, 8, 9, abi.FlagNoCommonLRU, 1792},
		{abi.Array, 4, 8, 3, 0, 336}, {abi.Array, 4, 8, 3, abi.FlagMmapable, 8192},
		{abi.PerCPUHash, 4, 4, 1, 0, 992}, {abi.PerCPUHash, 9, 20, 100, 0, 14944}, {abi.PerCPUHash, 4, 12, 10, abi.FlagNoPrealloc, 1152},
		{abi.LRUPerCPUHash, 4, 8, 9, 0, 1872}, {abi.LRUPerCPUHash, 9, 20, 1, abi.FlagNoCommonLRU, 1168},
		{abi.PerCPUArray, 4, 4, 1, 0, 336}, {abi.PerCPUArray, 4, 20, 100, 0, 5912},
		{abi.Queue, 0, 8, 4, 0, 352}, {abi.Stack, 0, 5, 4, 0, 337},
		{abi.PerfEventArray, 4, 4, 1, 0, 320}, {abi.PerfEventArray, 4, 4, 5, 0, 352},
		{abi.StackTrace, 4, 8, 1, 0, 352}, {abi.StackTrace, 4, 1016, 5, 0, 5544}, {abi.StackTrace, 4, 64, 5, abi.FlagStackBuildID, 784},
		{abi.CgroupArray, 4, 4, 3, 0, 336}, {abi.DevMap, 4, 8, 3, 0, 368}, {abi.DevMapHash, 4, 4, 3, 0, 376}, {abi.XSKMap, 4, 4, 3, 0, 328},
		{abi.ReusePortSockArray, 4, 8, 3, 0, 320}, {abi.SockMap, 4, 4, 3, 0, 400}, {abi.SockHash, 4, 4, 1, 0, 400}, {abi.SockHash, 5, 4, 64, 0, 1408},
		{abi.CPUMap, 4, 4, 1, 0, 312}, {abi.CPUMap, 4, 8, 256, 0, 2352},
	}
	for _, c := range cases {
		spec := maps.Spec{
			Type: c.kind, KeySize: c.key, ValueSize: c.value, MaxEntries: c.entries, Flags: c.flag, CPUs: 2,
		}
		require.Equal(t, c.want, must(t, spec).Memlock(), "%+v", c)
	}
	two := newStore(t, abi.Hash, 10, abi.FlagNoPrealloc, 2)
	require.Equal(t, uint64(1296), two.Memlock())
	require.Equal(t, abi.OK, two.Delete(on(0), key4(1)))
	require.Equal(t, uint64(1224), two.Memlock())
}

// The size of a map costs memory only for what is in it.
func TestEmptyMapsAreSmall(t *testing.T) {
	const limit = 1 << 20
	for _, spec := range []maps.Spec{
		small(abi.Hash, 1<<24, 0), small(abi.LRUHash, 1<<24, 0), small(abi.LRUHash, 1<<24, abi.FlagNoCommonLRU),
		small(abi.Array, 1<<30, 0),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m := must(t, spec)
		for i := range uint32(10) {
			require.Equal(t, abi.OK, m.(maps.Updater).Update(on(0), key4(i*99_991), make([]byte, 8), abi.Any))
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(limit), spec.Type)
		if spec.Type != abi.Array {
			require.Len(t, walk(t, m.(maps.NextKeyer)), 10)
		}
	}
}
