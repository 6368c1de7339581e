package maps_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// counted is a device that says how often it was given back.
type counted struct{ detached *int }

func (counted) Show([]byte)                  {}
func (counted) Gone() bool                   { return false }
func (counted) Attach(abi.MapType) abi.Errno { return abi.OK }
func (c counted) Detach(abi.MapType)         { *c.detached++ }

// A device that finds no place is given back with its program, and one that is not to be put in is not looked for.
func TestDeviceWithoutAPlace(t *testing.T) {
	m, errno := maps.New(maps.Spec{Type: abi.DevMapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1, CPUs: 1})
	require.Equal(t, abi.OK, errno)
	looked, detached := 0, 0
	put := func(key uint32, flags uint64) abi.Errno {
		return m.(maps.Referring).Refer(on(0), key4(key), key4(1), flags, func([]byte) (maps.Referent, abi.Errno) {
			looked++
			return counted{&detached}, abi.OK
		})
	}
	require.Equal(t, abi.OK, put(7, abi.NoExist))
	require.Equal(t, abi.EEXIST, put(7, abi.NoExist))
	require.Equal(t, 1, looked)
	require.Equal(t, abi.E2BIG, put(8, abi.Any))
	require.Equal(t, 1, detached)
	require.Equal(t, abi.OK, put(7, abi.Any))
	require.Equal(t, 2, detached, "the device that was there before")
}
