package maps_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// The errnos are those of Linux 6.18.44.
func TestPerfEventArray(t *testing.T) {
	spec := small(abi.PerfEventArray, 3, abi.FlagPreserveElems)
	spec.ValueSize = 4
	m := must(t, spec)
	holder := m.(maps.FDHolder)
	require.Equal(t, abi.OK, holder.Admit(key4(2), abi.Any))
	require.Equal(t, abi.E2BIG, holder.Admit(key4(3), abi.Any))
	require.Equal(t, abi.EINVAL, holder.Admit(key4(3), abi.Exist), "flags come before the index")
	require.Equal(t, abi.ENOENT, m.(maps.Deleter).Delete(on(0), key4(2)))
	require.Equal(t, abi.E2BIG, m.(maps.Deleter).Delete(on(0), key4(3)))
	require.Len(t, walk(t, m.(maps.NextKeyer)), 3, "empty slots are walked")

	for _, change := range []func(*maps.Spec){
		func(s *maps.Spec) { s.ValueSize = 8 },
		func(s *maps.Spec) { s.Flags = abi.FlagReadOnlyProg },
		func(s *maps.Spec) { s.Flags = abi.FlagMmapable },
		func(s *maps.Spec) { s.Flags = abi.FlagInnerMap },
	} {
		bad := spec
		change(&bad)
		require.Equal(t, abi.EINVAL, create(bad, true), "%+v", bad)
	}
}
