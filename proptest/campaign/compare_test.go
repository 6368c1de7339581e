package campaign_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// saved are the programs of testdata by file name.
func saved(t *testing.T) map[string]program.Program {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	programs := map[string]program.Program{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		p, err := program.Parse(string(text))
		require.NoError(t, err, f)
		programs[filepath.Base(f)] = p
	}
	return programs
}

func TestSavedAgainstModel(t *testing.T) {
	for name, p := range saved(t) {
		t.Run(name, func(t *testing.T) { requireEqual(t, p, kernel.NewSim()) })
	}
}

func TestSavedAgainstLinux(t *testing.T) {
	k := campaign.OpenLinux(t)
	for name, p := range saved(t) {
		t.Run(name, func(t *testing.T) {
			requireEqual(t, moved(p, k.CPUs()), k, kernel.NewSim())
		})
	}
}

// moved is p for this machine: its number of possible CPUs, and steps on those that are usable.
func moved(p program.Program, cpus []int) program.Program {
	p.Machine.CPUs = kernel.PossibleCPUs()
	for i := range p.Steps {
		p.Steps[i] = movedStep(p.Steps[i], cpus)
	}
	return p
}

func movedStep(s program.Step, cpus []int) program.Step {
	s.CPU = cpus[s.CPU%len(cpus)]
	if c, ok := s.Action.(*program.Call); ok {
		for i := range c.During {
			c.During[i].Step = movedStep(c.During[i].Step, cpus)
		}
	}
	return s
}

// requireEqual runs p and fails with the first difference.
func requireEqual(t require.TestingT, p program.Program, kernels ...kernel.Kernel) {
	m, err := campaign.Compare(p, kernels...)
	require.NoError(t, err)
	if m != nil {
		require.FailNow(t, m.String())
	}
}

func TestAvailable(t *testing.T) {
	err := kernel.Available()
	k, openErr := kernel.NewLinux()
	require.Equal(t, err, openErr)
	if openErr == nil {
		k.Close()
	}
}
