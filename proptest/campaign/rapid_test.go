package campaign_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/generator"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// machine is root on a machine with the CPUs that this one has, so that the same programs run on Linux.
func machine() program.Machine {
	return program.Machine{CPUs: kernel.PossibleCPUs(), BPF: true, SysAdmin: true}
}

func TestAgainstModel(t *testing.T) {
	k := kernel.NewSim()
	rapid.Check(t, func(t *rapid.T) {
		m := machine()
		cpus := []int{0, 1, 2, 3, 4, 5, 6, 7}[:rapid.IntRange(1, 8).Draw(t, "possible CPUs")]
		m.CPUs = len(cpus)
		requireEqual(t, generator.Programs(m, cpus).Draw(t, "program"), k)
	})
}

func TestAgainstLinux(t *testing.T) {
	k, sim := campaign.OpenLinux(t), kernel.NewSim()
	programs := generator.Programs(machine(), k.CPUs())
	rapid.Check(t, func(t *rapid.T) { requireEqual(t, programs.Draw(t, "program"), k, sim) })
}
