package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

const megabyte = 1 << 20

// Maps that Linux allocates at once are turned down at once, and give back what they took.
func TestMemoryOfMapsMadeAtOnce(t *testing.T) {
	for _, args := range []MapCreate{
		{Type: abi.Hash, KeySize: 4, ValueSize: 1024, MaxEntries: 600},
		{Type: abi.LRUHash, KeySize: 4, ValueSize: 1024, MaxEntries: 600},
		{Type: abi.Array, KeySize: 4, ValueSize: 1024, MaxEntries: 600},
		{Type: abi.Array, KeySize: 4, ValueSize: 1024, MaxEntries: 600, Flags: abi.FlagMmapable},
		{Type: abi.PerCPUArray, KeySize: 4, ValueSize: 1024, MaxEntries: 600},
		{Type: abi.PerCPUHash, KeySize: 4, ValueSize: 1024, MaxEntries: 600},
		{Type: abi.Queue, ValueSize: 1024, MaxEntries: 600},
		{Type: abi.BloomFilter, ValueSize: 8, MaxEntries: 500_000},
	} {
		t.Run(args.Type.String(), func(t *testing.T) {
			c := NewCaller(NewKernel(Options{Memory: megabyte}))
			for range 3 {
				fd, errno := c.Do(args)
				require.Equal(t, abi.OK, errno)
				_, errno = c.Do(args)
				require.Equal(t, abi.ENOMEM, errno, "a second one")
				named := args
				named.Name = [abi.NameLen]byte{'/'}
				_, errno = c.Do(named)
				require.Equal(t, abi.ENOMEM, errno)
				require.Equal(t, abi.OK, c.Process.Files.(*FDTable).Close(fd))
				_, errno = c.Do(named)
				require.Equal(t, abi.EINVAL, errno, "a map that was made in vain keeps nothing")
			}
		})
	}
}

// Maps that grow are turned down when they have grown; what they have stays usable.
func TestMemoryOfMapsThatGrow(t *testing.T) {
	for _, args := range []MapCreate{
		{Type: abi.Hash, KeySize: 8, ValueSize: 1016, MaxEntries: 4096, Flags: abi.FlagNoPrealloc},
		{Type: abi.PerCPUHash, KeySize: 8, ValueSize: 1016, MaxEntries: 4096, Flags: abi.FlagNoPrealloc},
		{Type: abi.LPMTrie, KeySize: 8, ValueSize: 1016, MaxEntries: 4096, Flags: abi.FlagNoPrealloc},
	} {
		t.Run(args.Type.String(), func(t *testing.T) {
			c := NewCaller(NewKernel(Options{Memory: megabyte}))
			fd, errno := c.Do(args)
			require.Equal(t, abi.OK, errno)
			key, value := c.Arena.Alloc(8), c.Arena.Alloc(1016)
			update := func(i uint32) abi.Errno {
				binary.LittleEndian.PutUint32(c.Arena.Bytes(key, 8), 32)
				binary.BigEndian.PutUint32(c.Arena.Bytes(key, 8)[4:], i)
				_, errno := c.Do(MapUpdateElem{FD: fd, Key: key, Value: value})
				return errno
			}
			n := uint32(0)
			for update(n) == abi.OK {
				n++
			}
			require.Equal(t, abi.ENOMEM, update(n))
			require.Greater(t, n, uint32(450), "a trie has a node in between for each element of 1 KiB")
			require.Less(t, n, uint32(1024))
			for i := range n {
				require.Equal(t, abi.OK, update(i), "an element that is there")
			}
			_, errno = c.Do(MapDeleteElem{FD: fd, Key: key})
			require.Equal(t, abi.OK, errno)
			require.Equal(t, abi.OK, update(n), "in the place of another")
			require.Equal(t, abi.ENOMEM, update(n+1))
		})
	}
}

// A map whose elements have no place to be keeps nothing of the memory of all.
func TestMemoryOfMapsWithoutPlace(t *testing.T) {
	c := NewCaller(NewKernel(Options{Memory: megabyte}))
	args := MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 1024, MaxEntries: 600, Flags: abi.FlagMmapable}
	c.Process.Backing = func(uint64) (Backing, abi.Errno) { return nil, abi.ENFILE }
	for range 3 {
		_, errno := c.Do(args)
		require.Equal(t, abi.ENFILE, errno)
	}
	c.Process.Backing = nil
	_, errno := c.Do(args)
	require.Equal(t, abi.OK, errno)
}
