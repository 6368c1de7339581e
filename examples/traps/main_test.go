package traps

import (
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

const cpus = 4

func TestMain(m *testing.M) { bpftest.Main(m, bpftest.CPUs(cpus)) }

// begin is a table in a kernel of its own, and the table as BPF programs see it. Keys below filled have a value, ten times the key.
func begin(t *testing.T, kind ebpf.MapType, most, filled uint32) (Table, *bpftest.Map) {
	t.Helper()
	k := bpftest.Kernel(t)
	m := open(t, &ebpf.MapSpec{Name: "table", Type: kind, KeySize: 4, ValueSize: 8, MaxEntries: most})
	for key := range filled {
		require.NoError(t, m.Put(key, uint64(10*key)))
	}
	return Table{m}, k.Map("table")
}

// open is a map that the end of the test closes.
func open(t *testing.T, spec *ebpf.MapSpec) *ebpf.Map {
	t.Helper()
	m, err := ebpf.NewMap(spec)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}
