package maps_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// create is what MapCreate answers for what depends on the type.
func create(spec maps.Spec, sysAdmin bool) abi.Errno {
	if errno := maps.Check(spec, sysAdmin); errno != abi.OK {
		return errno
	}
	_, errno := maps.New(spec)
	return errno
}

// createTypes is the order of the columns in the tables below, whose errnos were measured on Linux 6.18.44.
var createTypes = []abi.MapType{abi.Hash, abi.LRUHash, abi.Array, abi.Queue, abi.Stack}

// base is a valid spec of a type.
func base(kind abi.MapType) maps.Spec {
	spec := small(kind, 4, 0)
	if kind == abi.Queue || kind == abi.Stack {
		spec.KeySize = 0
	}
	return spec
}

func TestCreateSizes(t *testing.T) {
	type errnos [5]abi.Errno
	key := func(n uint32) func(*maps.Spec) { return func(s *maps.Spec) { s.KeySize = n } }
	value := func(n uint32) func(*maps.Spec) { return func(s *maps.Spec) { s.ValueSize = n } }
	entries := func(n uint32) func(*maps.Spec) { return func(s *maps.Spec) { s.MaxEntries = n } }
	cases := []struct {
		name   string
		change func(*maps.Spec)
		want   errnos
	}{
		{"none", func(*maps.Spec) {}, errnos{}},
		{"key 0", key(0), errnos{abi.EINVAL, abi.EINVAL, abi.EINVAL, 0, 0}},
		{"key 1", key(1), errnos{0, 0, abi.EINVAL, abi.EINVAL, abi.EINVAL}},
		{"key 4", key(4), errnos{0, 0, 0, abi.EINVAL, abi.EINVAL}},
		{"key 261", key(261), errnos{0, 0, abi.EINVAL, abi.EINVAL, abi.EINVAL}},
		{"key 4194247", key(4194247), errnos{0, 0, abi.EINVAL, abi.EINVAL, abi.EINVAL}},
		{"key 4194248", key(4194248), errnos{abi.E2BIG, abi.E2BIG, abi.EINVAL, abi.EINVAL, abi.EINVAL}},
		{"key 2^32-1", key(1<<32 - 1), errnos{abi.E2BIG, abi.E2BIG, abi.EINVAL, abi.EINVAL, abi.EINVAL}},
		{"value 0", value(0), errnos{abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL}},
		{"value 4194251", value(4194251), errnos{}},
		{"value 4194252", value(4194252), errnos{abi.E2BIG, abi.E2BIG, 0, 0, 0}},
		{"value 4194304", value(4194304), errnos{abi.E2BIG, abi.E2BIG, 0, 0, 0}},
		{"value 4194305", value(4194305), errnos{abi.E2BIG, abi.E2BIG, 0, abi.E2BIG, abi.E2BIG}},
		{"value 2^31-1", value(1<<31 - 1), errnos{abi.E2BIG, abi.E2BIG, 0, abi.E2BIG, abi.E2BIG}},
		{"value 2^31", value(1 << 31), errnos{abi.E2BIG, abi.E2BIG, abi.E2BIG, abi.E2BIG, abi.E2BIG}},
		{"entries 0", entries(0), errnos{abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL}},
		{"entries 2^27", entries(1 << 27), errnos{}},
		{"entries 2^27+1", entries(1<<27 + 1), errnos{abi.E2BIG, abi.E2BIG, 0, 0, 0}},
		{"entries 2^32-1", entries(1<<32 - 1), errnos{abi.E2BIG, abi.E2BIG, abi.ENOMEM, abi.ENOMEM, abi.ENOMEM}},
	}
	for _, c := range cases {
		for i, kind := range createTypes {
			spec := base(kind)
			c.change(&spec)
			require.Equal(t, c.want[i], create(spec, true), "%s: %v", c.name, kind)
		}
	}
}

func TestCreateFlags(t *testing.T) {
	type errnos [5]abi.Errno
	none := errnos{abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL}
	cases := map[uint32]errnos{
		abi.FlagNoPrealloc:    {0, abi.ENOTSUPP, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		abi.FlagNoCommonLRU:   {abi.EINVAL, 0, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		abi.FlagNUMANode:      {},
		abi.FlagReadOnly:      {},
		abi.FlagWriteOnly:     {},
		abi.FlagStackBuildID:  none,
		abi.FlagZeroSeed:      {0, 0, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		abi.FlagReadOnlyProg:  {},
		abi.FlagWriteOnlyProg: {},
		abi.FlagClone:         none,
		abi.FlagMmapable:      {abi.EINVAL, abi.EINVAL, 0, abi.EINVAL, abi.EINVAL},
		abi.FlagPreserveElems: none,
		abi.FlagInnerMap:      {abi.EINVAL, abi.EINVAL, 0, abi.EINVAL, abi.EINVAL},
		abi.FlagLink:          none,

		abi.FlagReadOnlyProg | abi.FlagWriteOnlyProg: none,
		abi.FlagReadOnly | abi.FlagReadOnlyProg:      {},
		abi.FlagNoPrealloc | abi.FlagNoCommonLRU:     {abi.EINVAL, abi.ENOTSUPP, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		abi.FlagNUMANode | abi.FlagNoCommonLRU:       {abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
	}
	for flags, want := range cases {
		for i, kind := range createTypes {
			spec := base(kind)
			spec.Flags = flags
			require.Equal(t, want[i], create(spec, true), "%#x: %v", flags, kind)
		}
	}
}

func TestCreateOrder(t *testing.T) {
	spec := small(abi.Hash, 0, abi.FlagZeroSeed|1<<31)
	spec.KeySize, spec.ValueSize = 1<<32-1, 1<<32-1
	require.Equal(t, abi.EPERM, create(spec, false), "permission for ZERO_SEED comes before all")
	require.Equal(t, abi.EINVAL, create(spec, true))
	spec.Flags = 0
	require.Equal(t, abi.EINVAL, create(spec, false), "zeros come before sizes")
	spec.MaxEntries = 1<<32 - 1
	require.Equal(t, abi.E2BIG, create(spec, false))

	spec = small(abi.LRUHash, 4, abi.FlagNUMANode|abi.FlagNoCommonLRU)
	spec.NumaNode = abi.AnyNode
	require.Equal(t, abi.OK, create(spec, false))
}

// Numbers of no type, and types that check their shape when they allocate.
func TestCreateOtherTypes(t *testing.T) {
	require.Equal(t, abi.EINVAL, create(small(abi.Unspec, 4, 0), true))
	require.Equal(t, abi.EINVAL, create(small(abi.NumMapTypes, 4, 0), true))
	require.Equal(t, abi.EINVAL, create(small(1<<32-1, 4, 0), true))
	require.Equal(t, abi.OK, maps.Check(small(abi.RingBuf, 4, 0), true), "RINGBUF checks when it allocates")
	require.Equal(t, abi.EINVAL, maps.CheckAlloc(small(abi.RingBuf, 4, 0)))
	require.Equal(t, abi.EINVAL, maps.CheckAlloc(small(abi.XSKMap, 4, 0)), "values of 8 bytes")
	require.Equal(t, abi.E2BIG, maps.CheckAlloc(small(abi.CPUMap, 257, 0)))
	require.Equal(t, abi.EINVAL, maps.CheckAlloc(small(abi.CPUMap, 4, abi.FlagReadOnly)), "access modes")
}
