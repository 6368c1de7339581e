package bpfsys

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// hostFiles is an fd table in which one fd is open and no BPF object.
type hostFiles struct {
	*FDTable
	fd int32
}

func (h hostFiles) Get(fd int32) (*File, bool) {
	if fd == h.fd {
		return nil, true
	}
	return h.FDTable.Get(fd)
}

// Nothing can be put into a PERF_EVENT_ARRAY; only what might be a perf event is told of. The errnos are those of Linux 6.18.44
// for fds that are none.
func TestPerfEventArray(t *testing.T) {
	var heard []string
	c := NewCaller(NewKernel(Options{Refused: func(r Refusal) { heard = append(heard, r.String()) }}))
	table := c.Process.Files.(*FDTable)
	c.Process.Files = hostFiles{table, 77}
	events, errno := c.Do(MapCreate{Type: abi.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 3})
	require.Equal(t, abi.OK, errno)
	word := func(v int32) uint64 { return c.Arena.Put([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}) }
	do := func(args Args) abi.Errno {
		_, errno := c.Do(args)
		return errno
	}
	update := func(key, fd int32, flags uint64) abi.Errno {
		return do(MapUpdateElem{FD: events, Key: word(key), Value: word(fd), Flags: flags})
	}
	require.Equal(t, abi.EBADF, update(0, 5, abi.Any))
	require.Equal(t, abi.EBADF, update(0, events, abi.Any))
	require.Equal(t, abi.E2BIG, update(3, 77, abi.Any))
	require.Equal(t, abi.EINVAL, update(0, 77, abi.Exist))
	require.Empty(t, heard)
	require.Equal(t, abi.EBADF, update(0, 77, abi.Any))
	require.Equal(t, []string{"BPF_MAP_UPDATE_ELEM of the host's perf events is not simulated: EBADF"}, heard)

	elems := MapLookupBatch{FD: events, Out: word(0), Keys: word(0), Values: word(0), Count: 1}
	require.Equal(t, abi.ENOTSUPP, do(MapLookupElem{FD: events, Key: word(0), Value: word(0)}))
	require.Equal(t, abi.ENOTSUPP, do(MapLookupElem{FD: events, Key: word(9), Value: word(0)}))
	require.Equal(t, abi.ENOTSUPP, do(MapLookupAndDeleteElem{FD: events, Key: word(0), Value: word(0)}))
	require.Equal(t, abi.ENOTSUPP, do(elems))
	require.Equal(t, abi.ENOTSUPP, do(MapLookupAndDeleteBatch(elems)))
	require.Equal(t, abi.ENOTSUPP, do(MapUpdateBatch(elems)))
	require.Equal(t, abi.ENOTSUPP, do(MapDeleteBatch(elems)))
}
