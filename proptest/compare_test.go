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
			requireEqual(t, moved(p, k.CPUs()), k, proptest.NewSim())
		})
	}
}

// moved is p for this machine: its number of possible CPUs, and steps on those that are usable.
func moved(p proptest.Program, cpus []int) proptest.Program {
	p.Machine.CPUs = proptest.PossibleCPUs()
	for i := range p.Steps {
		p.Steps[i] = movedStep(p.Steps[i], cpus)
	}
	return p
}

func movedStep(s proptest.Step, cpus []int) proptest.Step {
	s.CPU = cpus[s.CPU%len(cpus)]
	if c, ok := s.Action.(*proptest.Call); ok {
		for i := range c.During {
			c.During[i].Step = movedStep(c.During[i].Step, cpus)
		}
	}
	return s
}

// requireEqual runs p and fails with the first difference.
func requireEqual(t require.TestingT, p proptest.Program, kernels ...proptest.Kernel) {
	m, err := proptest.Compare(p, kernels...)
	require.NoError(t, err)
	if m != nil {
		require.FailNow(t, m.String())
	}
}

func TestAvailable(t *testing.T) {
	err := proptest.Available()
	k, openErr := proptest.NewLinux()
	require.Equal(t, err, openErr)
	if openErr == nil {
		k.Close()
	}
}
