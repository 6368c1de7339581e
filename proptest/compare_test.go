package proptest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest"
)

// saved are the programs of testdata by file name.
func saved(t *testing.T) map[string]proptest.Program {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	programs := map[string]proptest.Program{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		p, err := proptest.Parse(string(text))
		require.NoError(t, err, f)
		programs[filepath.Base(f)] = p
	}
	return programs
}

func TestSavedAgainstModel(t *testing.T) {
	for name, p := range saved(t) {
		t.Run(name, func(t *testing.T) { requireEqual(t, p, proptest.NewSim()) })
	}
}

func TestSavedAgainstLinux(t *testing.T) {
	k := proptest.OpenLinux(t)
	for name, p := range saved(t) {
		t.Run(name, func(t *testing.T) {
			if n := proptest.PossibleCPUs(); p.Machine.CPUs != n {
				t.Skipf("the program wants %d possible CPUs, this machine has %d", p.Machine.CPUs, n)
			}
			requireEqual(t, p, k, proptest.NewSim())
		})
	}
}

// requireEqual runs p and fails with the first difference.
func requireEqual(t require.TestingT, p proptest.Program, kernels ...proptest.Kernel) {
	m, err := proptest.Compare(p, kernels...)
	require.NoError(t, err)
	if m != nil {
		require.FailNow(t, m.String())
	}
}
