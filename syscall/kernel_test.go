package bpfsys

import (
	"math"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// A thread's CPU comes from the host, which may have more of them.
func TestCPUOutOfRange(t *testing.T) {
	for _, cpu := range []int{2, 3, 1 << 20, math.MaxInt, -1, math.MinInt} {
		for _, flags := range []uint32{0, abi.FlagNoCommonLRU} {
			c := NewCaller(NewKernel(Options{CPUs: 2}))
			c.Task.CPU = cpu
			fd, errno := c.Do(MapCreate{Type: abi.LRUHash, KeySize: 4, ValueSize: 4, MaxEntries: 2, Flags: flags})
			require.Equal(t, abi.OK, errno)
			for i := range byte(4) {
				word := c.Arena.Put([]byte{i, 0, 0, 0})
				_, errno = c.Do(MapUpdateElem{FD: fd, Key: word, Value: word})
				require.Equal(t, abi.OK, errno)
			}
			require.Equal(t, cpu, c.Task.CPU)
		}
	}
}

// counted counts the lookups of a map.
type counted struct {
	*countedMap
	lookups *int
}

type countedMap struct {
	maps.Map
	maps.Lookuper
	maps.Updater
}

func (m counted) Lookup(t *maps.Task, key, value []byte) abi.Errno {
	*m.lookups++
	return m.Lookuper.Lookup(t, key, value)
}

// A caller of bpfsys can put something around its maps; what that cannot do, the map cannot either.
func TestNewMap(t *testing.T) {
	lookups := 0
	c := NewCaller(NewKernel(Options{NewMap: func(spec maps.Spec) (maps.Map, abi.Errno) {
		made, errno := maps.New(spec)
		return counted{&countedMap{made, made.(maps.Lookuper), made.(maps.Updater)}, &lookups}, errno
	}}))
	fd, errno := c.Do(MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.Equal(t, abi.OK, errno)
	elem := MapLookupElem{FD: fd, Key: c.Arena.Alloc(4), Value: c.Arena.Alloc(4)}
	_, errno = c.Do(MapUpdateElem(elem))
	require.Equal(t, abi.OK, errno)
	_, errno = c.Do(elem)
	require.Equal(t, abi.OK, errno)
	require.Equal(t, 1, lookups)
	_, errno = c.Do(MapDeleteElem{FD: fd, Key: elem.Key})
	require.Equal(t, abi.EINVAL, errno)
}
