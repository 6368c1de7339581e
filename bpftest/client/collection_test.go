package client

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

// A collection that is closed leaves the memory of its variables mapped until the garbage collector finds that nobody has it.
func TestClosedCollectionIsNoLeak(t *testing.T) {
	k := bpftest.Kernel(t)
	c := newCollection(t)
	require.NoError(t, c.Variables["limit"].Set(uint64(7)))
	var limit uint64
	require.NoError(t, k.Map(".data").Lookup(uint32(0), &limit))
	require.EqualValues(t, 7, limit)
	c.Close()
}

// An agent that somebody still knows as the test ends, package testing among them, which does not forget what t.Cleanup was given, has the memory of its
// variables, and no way to give it back.
func TestRememberedVariableIsNoLeak(t *testing.T) {
	said := &complaints{TB: t}
	bpftest.Kernel(said)
	c := newCollection(t)
	limit := c.Variables["limit"]
	c.Close()
	said.end()
	require.Empty(t, said.said)
	require.NoError(t, limit.Set(uint64(8)))
}

// While a fd is open, too, the map is named.
func TestRememberedVariableOfAnOpenMap(t *testing.T) {
	said := &complaints{TB: t}
	bpftest.Kernel(said)
	c := newCollection(t)
	limit := c.Variables["limit"]
	said.end()
	require.NoError(t, limit.Set(uint64(8)))
	c.Close()
	require.Len(t, said.said, 1)
	require.Contains(t, said.said[0], `map ".data" (ARRAY`)
}

//go:noinline
func forget(t testing.TB) { newCollection(t) }

// newCollection loads a variable.
func newCollection(t testing.TB) *ebpf.Collection {
	t.Helper()
	c, err := ebpf.NewCollection(&ebpf.CollectionSpec{
		Maps: map[string]*ebpf.MapSpec{".data": {Name: ".data", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1,
			Flags: abi.FlagMmapable, Contents: []ebpf.MapKV{{Key: uint32(0), Value: make([]byte, 8)}}}},
		Variables: map[string]*ebpf.VariableSpec{"limit": {Name: "limit", SectionName: ".data", Value: make([]byte, 8)}},
	})
	require.NoError(t, err)
	return c
}

// What is found with the memory of a collection is a leak all the same where its Close was forgotten.
func TestForgottenCollectionIsALeak(t *testing.T) {
	c := &complaints{TB: t}
	bpftest.Kernel(c)
	forget(t)
	for i := range c.cleanups {
		c.cleanups[len(c.cleanups)-1-i]()
	}
	require.Len(t, c.said, 1)
	require.Contains(t, c.said[0], `map ".data" (ARRAY`)
}

func TestClosedMapIsNotFound(t *testing.T) {
	c := &complaints{TB: t}
	k := bpftest.Kernel(t)
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "flows", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4})
	require.NoError(t, err)
	handle := k.Map("flows")
	calls := k.Trace()
	require.NoError(t, m.Close())
	require.ErrorContains(t, handle.Put(uint32(1), uint64(2)), `no map is named "flows"`)
	require.Panics(t, func() { k.For(c).Map("flows") })
	require.Contains(t, c.fatal, `no map is named "flows"`)
	require.Empty(t, calls.String(), "what bpftest calls is not the test's")
}
