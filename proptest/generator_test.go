package proptest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bpfsim/bpfsim/proptest"
)

// machine is root on a machine with the CPUs that this one has, so that the same programs run on Linux.
func machine() proptest.Machine {
	return proptest.Machine{CPUs: proptest.PossibleCPUs(), BPF: true, SysAdmin: true}
}

func TestTextRoundTrip(t *testing.T) {
	programs := proptest.Programs(machine(), []int{0, 1, 7})
	rapid.Check(t, func(t *rapid.T) {
		want := programs.Draw(t, "program")
		got, err := proptest.Parse(want.String())
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestAgainstModel(t *testing.T) {
	k := proptest.NewSim()
	rapid.Check(t, func(t *rapid.T) {
		m := machine()
		cpus := []int{0, 1, 2, 3, 4, 5, 6, 7}[:rapid.IntRange(1, 8).Draw(t, "possible CPUs")]
		m.CPUs = len(cpus)
		requireEqual(t, proptest.Programs(m, cpus).Draw(t, "program"), k)
	})
}

func TestAgainstLinux(t *testing.T) {
	k, sim := proptest.OpenLinux(t), proptest.NewSim()
	programs := proptest.Programs(machine(), k.CPUs())
	rapid.Check(t, func(t *rapid.T) { requireEqual(t, programs.Draw(t, "program"), k, sim) })
}
