package client

import (
	"flag"
	"os"
	"strconv"
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

// parallelTests run at the same time, on a machine of one CPU, too.
const parallelTests = 6

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(parallelTests)); err != nil {
		panic(err)
	}
	bpftest.Main(m, bpftest.CPUs(4))
}

// patched tells which road this run takes.
func patched() bool { return os.Getenv("BPFSIM_TEST_PATCHED") != "" }

// newMap makes a map that is closed with the test.
func newMap(t testing.TB, spec ebpf.MapSpec) *ebpf.Map {
	t.Helper()
	m, err := ebpf.NewMap(&spec)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

// flows is a hash of n entries, i to 10i.
func flows(t testing.TB, n uint32) *ebpf.Map {
	t.Helper()
	m := newMap(t, ebpf.MapSpec{Name: "flows", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: max(n, 1)})
	for i := range n {
		require.NoError(t, m.Put(i, uint64(10*i)))
	}
	return m
}
