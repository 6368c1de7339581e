package bpfsys

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// A CPUMAP has no batches, although it can be walked and read; the caller's rights come before flags that it does not know.
func TestCPUMapCommands(t *testing.T) {
	c := NewCaller(NewKernel(Options{CPUs: 2}))
	create := MapCreate{Type: abi.CPUMap, KeySize: 4, ValueSize: 4, MaxEntries: 2}
	do := func(args Args) abi.Errno {
		_, errno := c.Do(args)
		return errno
	}
	queues, errno := c.Do(create)
	require.Equal(t, abi.OK, errno)
	key, value, out := c.Arena.Alloc(4), c.Arena.Put([]byte{8, 0, 0, 0}), c.Arena.Alloc(8)
	require.Equal(t, abi.OK, do(MapUpdateElem{FD: queues, Key: key, Value: value}))
	elems := MapLookupBatch{FD: queues, Out: out, Keys: key, Values: value, Count: 1}
	for _, args := range []Args{elems, MapLookupAndDeleteBatch(elems), MapUpdateBatch(elems), MapDeleteBatch(elems)} {
		require.Equal(t, abi.ENOTSUPP, do(args), "%T", args)
	}
	create.Flags = abi.FlagReadOnly
	require.Equal(t, abi.EINVAL, do(create))
	c.Process.Caps = Caps{}
	require.Equal(t, abi.EPERM, do(create))
}
