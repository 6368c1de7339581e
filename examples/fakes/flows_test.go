package fakes

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { bpftest.Main(m) }

// start is a table of four flows in a kernel of its own, and the table as BPF programs see it.
func start(t *testing.T) (*bpftest.Handle, *Flows, *bpftest.Map) {
	k := bpftest.Kernel(t)
	f, err := NewFlows(4)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return k, f, k.Map("flows")
}

// A fake made of a Go map is never full.
func TestFullTable(t *testing.T) {
	_, f, program := start(t)
	require.NoError(t, f.Add(1, 10, 11, 12))
	require.NoError(t, program.Put(uint32(13), uint64(1)))
	require.ErrorIs(t, f.Add(1, 14), unix.E2BIG)
	require.ErrorIs(t, program.Put(uint32(15), uint64(1)), unix.E2BIG, "programs meet the same bound")
	require.NoError(t, program.Put(uint32(10), uint64(2)), "what is there can be replaced")
}

// What is half done must be undone: an update that fails is something that a fake has to be told, and here, too.
func TestThirdUpdateFails(t *testing.T) {
	k, f, program := start(t)
	failed := k.Fail(fault.Rule{Cmd: abi.MapUpdateElem, Name: "flows", Nth: 3, Errno: abi.ENOMEM})
	require.ErrorIs(t, f.Add(1, 10, 11, 12, 13), unix.ENOMEM)
	require.EqualValues(t, 1, failed.Hits())
	for flow := range uint32(4) {
		require.ErrorIs(t, program.Lookup(10+flow, new(uint64)), unix.ENOENT)
	}
}

// One project's fake has BPF_EXIST and BPF_NOEXIST the wrong way round; its tests passed.
func TestFlags(t *testing.T) {
	_, f, program := start(t)
	known, err := f.Touch(5, 10)
	require.NoError(t, err)
	require.False(t, known)
	require.NoError(t, f.Add(1, 10))
	require.ErrorIs(t, f.Add(2, 10), ebpf.ErrKeyExist)
	known, err = f.Touch(5, 10)
	require.NoError(t, err)
	require.True(t, known)
	var seen uint64
	require.NoError(t, program.Lookup(uint32(10), &seen))
	require.EqualValues(t, 5, seen)
}

// Deleting the key that a walk stands on starts Linux's walk again; a fake that walks a Go map goes on.
func TestDeletionDuringAWalk(t *testing.T) {
	_, f, _ := start(t)
	require.NoError(t, f.Add(1, 10, 11, 12, 13))
	first, err := f.Map.NextKeyBytes(nil)
	require.NoError(t, err)
	second, err := f.Map.NextKeyBytes(first)
	require.NoError(t, err)
	require.NoError(t, f.Map.Delete(first))
	again, err := f.Map.NextKeyBytes(first)
	require.NoError(t, err)
	require.Equal(t, second, again, "from the start, which is now where the walk was")

	n, err := f.Expire(2)
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

// A fake's LookupAndDelete is two calls; Linux lets no program come in between.
func TestTake(t *testing.T) {
	_, f, program := start(t)
	require.NoError(t, program.Put(uint32(10), uint64(7)))
	seen, err := f.Take(10)
	require.NoError(t, err)
	require.EqualValues(t, 7, seen)
	_, err = f.Take(10)
	require.ErrorIs(t, err, ebpf.ErrKeyNotExist)
}

// Programs count on all CPUs; a fake has one value.
func TestPerCPU(t *testing.T) {
	k := bpftest.Kernel(t)
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "packets", Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	require.NoError(t, err)
	defer m.Close()
	last := ebpf.MustPossibleCPU() - 1
	program := k.Map("packets").OnCPU(last)
	require.NoError(t, program.Put(uint32(0), uint64(3)))
	var values []uint64
	require.NoError(t, m.Lookup(uint32(0), &values))
	require.Len(t, values, last+1)
	require.EqualValues(t, 3, values[last])
}
