package maps_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// sweptTable is a hash table that can be emptied by steps and by sweeps.
type sweptTable interface {
	maps.Swept
	maps.Drainer
}

// taken takes what a test removes.
type taken struct{}

func (taken) Consume(int) bool { return true }

// reused empties a map of 80 elements with empty, and tells which of them, in the order of the walk, gave their memory
// to each of the elements that are inserted next.
func reused(t *testing.T, kind abi.MapType, empty func(sweptTable)) (order []int) {
	m := newStore(t, kind, 200, 0, 80)
	var live []maps.Live
	for _, key := range walk(t, m) {
		value, _ := m.LookupLive(on(0), key4(key))
		live = append(live, value)
	}
	empty(m.(sweptTable))
	require.Empty(t, walk(t, m))
	for key := range uint32(40) {
		require.Equal(t, abi.OK, m.Update(on(0), key4(1000+key), append(key4(1000+key), "new "...), abi.Any))
		for i, value := range live {
			if value.Load(on(0), 0) == uint64(1000+key)|0x2077656e<<32 {
				order = append(order, i)
			}
		}
	}
	return order
}

// Memory is used again in the order in which single steps would give it back.
func TestSweepReusesMemoryAsStepsDo(t *testing.T) {
	keys, values := make([]byte, 4*80), make([]byte, 8*80)
	for _, kind := range []abi.MapType{abi.Hash, abi.LRUHash} {
		for _, whole := range []bool{false, true} {
			steps := reused(t, kind, func(m sweptTable) {
				for b := m.NextBucket(new(maps.Task), 0); b < m.Buckets(); b = m.NextBucket(new(maps.Task), b) {
					if whole {
						m.TakeBucket(on(0), b, keys, values, taken{})
					} else {
						m.TakeFirst(on(0), b, keys, values, taken{})
					}
				}
			})
			sweep := reused(t, kind, func(m sweptTable) {
				s := &maps.Sweep{Keys: keys, Values: values, Whole: whole, Remove: true}
				m.Sweeper().Sweep(on(0), s)
				require.Equal(t, 80, s.Count)
				require.Equal(t, m.Buckets(), s.Bucket)
			})
			require.NotEmpty(t, steps)
			require.Equal(t, steps, sweep, "%v, whole: %v", kind, whole)
		}
	}
}

// A step ends when it has copied so many elements that others have waited long enough, and one with little room, which locks one
// page alone, behind that page.
func TestSweepStepsAreBounded(t *testing.T) {
	const entries, most, perPage = 20_000, 4096, 32 * 4
	m := must(t, small(abi.Hash, entries, abi.FlagZeroSeed)).(store)
	for key := range uint32(entries) {
		require.Equal(t, abi.OK, m.Update(on(0), key4(key), make([]byte, 8), abi.Any))
	}
	for _, c := range []struct{ room, least, most int }{
		{entries, most, most + perPage}, {64, 64, 64}, {63, 1, perPage},
	} {
		s := &maps.Sweep{Keys: make([]byte, 4*c.room), Values: make([]byte, 8*c.room)}
		m.(maps.Swept).Sweeper().Sweep(on(0), s)
		require.GreaterOrEqual(t, s.Count, c.least, "room %d", c.room)
		require.LessOrEqual(t, s.Count, c.most, "room %d", c.room)
	}
	sparse := must(t, small(abi.Hash, 64, abi.FlagZeroSeed)).(store) // a page each
	for _, key := range sameBucket(sparse, 2) {
		require.Equal(t, abi.OK, sparse.Update(on(0), key4(key), make([]byte, 8), abi.Any))
	}
	for key := range uint32(20) {
		sparse.Update(on(0), key4(key), make([]byte, 8), abi.Any)
	}
	s := &maps.Sweep{Bucket: 2, Keys: make([]byte, 4*40), Values: make([]byte, 8*40)}
	sparse.(maps.Swept).Sweeper().Sweep(on(0), s)
	require.Equal(t, sparse.ReadBucket(on(0), 2, nil, nil, false), s.Count)
	require.Equal(t, uint32(3), s.Bucket)
}
