package maps_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// The errnos and bytes are those of Linux 6.18.44 with 2 possible CPUs.
func TestCPUMap(t *testing.T) {
	spec := small(abi.CPUMap, 3, 0)
	spec.CPUs = 2
	m := must(t, spec)
	queue := func(size, program uint32) []byte {
		return binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, size), program)
	}
	find := func(value []byte) (maps.Referent, abi.Errno) {
		if int32(binary.NativeEndian.Uint32(value[4:])) > 0 {
			return nil, abi.ENOMEM
		}
		return queued(binary.NativeEndian.Uint32(value)), abi.OK
	}
	for _, c := range []struct {
		cpu           uint32
		size, program uint32
		flags         uint64
		want          abi.Errno
	}{
		{0, 1, 1<<32 - 1, abi.Any, abi.OK}, {1, 16384, 0, abi.Exist, abi.OK}, {1, 16385, 77, abi.Any, abi.EOVERFLOW},
		{1, 1, 77, abi.Any, abi.ENOMEM}, {2, 1, 77, abi.Any, abi.ENODEV}, {2, 0, 0, abi.Any, abi.ENODEV},
		{2, 16385, 0, abi.Any, abi.EOVERFLOW}, {0, 16385, 0, abi.NoExist, abi.EEXIST}, {3, 1, 0, abi.NoExist, abi.E2BIG},
		{3, 1, 0, abi.NoExist | abi.Exist, abi.EINVAL},
	} {
		require.Equal(t, c.want, m.(maps.Referring).Refer(on(0), key4(c.cpu), queue(c.size, c.program), c.flags, find), "%+v", c)
	}
	got := queue(9, 9)
	require.Equal(t, abi.OK, m.(maps.Lookuper).Lookup(on(0), key4(0), got))
	require.Equal(t, queue(1, 0), got)
	require.Equal(t, abi.ENOENT, m.(maps.Lookuper).Lookup(on(0), key4(2), got))
	require.Equal(t, abi.OK, m.(maps.Referring).Refer(on(0), key4(0), queue(0, 77), abi.Any, find), "size 0 removes")
	require.Equal(t, abi.ENOENT, m.(maps.Lookuper).Lookup(on(0), key4(0), got))
	require.Equal(t, abi.OK, m.(maps.Deleter).Delete(on(0), key4(0)), "none there")
	require.Equal(t, abi.EINVAL, m.(maps.Deleter).Delete(on(0), key4(3)))
}

// queued is a queue without a program.
type queued uint32

func (q queued) Show(value []byte) {
	clear(value)
	binary.NativeEndian.PutUint32(value, uint32(q))
}
func (queued) Gone() bool                   { return false }
func (queued) Attach(abi.MapType) abi.Errno { return abi.OK }
func (queued) Detach(abi.MapType)           {}
