package semantics_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/semantics"
)

// compareAll runs the program of every statement on the kernels, which must leave the same bytes, and asks the model about each call.
func compareAll(t *testing.T, cpus int, kernels ...kernel.Kernel) {
	for _, s := range all() {
		p, err := s.Program(cpus)
		require.NoError(t, err, s.Name)
		m, err := campaign.Compare(p, kernels...)
		require.NoError(t, err, s.Name)
		if m != nil {
			t.Errorf("%s: %s", s.Name, m)
		}
	}
}

func TestModelAllowsWhatIsStated(t *testing.T) { compareAll(t, cpus, kernel.NewSim()) }

func TestModelAndLinuxAgree(t *testing.T) {
	k, err := kernel.NewLinux()
	kerneltest.Need(t, err)
	defer k.Close()
	compareAll(t, kernel.PossibleCPUs(), k, kernel.NewSim())
}

// liar is bpfsim, but for the answer to one call.
type liar struct {
	*kernel.Sim
	calls, at int
	errno     abi.Errno
}

func (l *liar) Bpf(cpu int, c program.Call, during func(int)) kernel.Outcome {
	o := l.Sim.Bpf(cpu, c, during)
	if l.calls++; l.calls-1 != l.at {
		return o
	}
	return kernel.Outcome{Errno: l.errno}
}

// other is an errno that is not the one that is right.
func other(errno abi.Errno) abi.Errno {
	if errno == abi.OK {
		return abi.EOVERFLOW
	}
	return abi.OK
}

// lastCall is the number of calls before a statement's last one, and the errno that is right there.
func lastCall(s semantics.Statement) (before int, errno abi.Errno) {
	calls := -1
	for _, step := range s.Steps {
		if _, isCall := step.Cmd(); isCall {
			calls++
			errno = step.Want.Errno
		}
	}
	return calls, errno
}

// A statement that an answer could not break would say nothing. Walks are made of several calls and are left to the mutants.
func TestEveryStatementCanFail(t *testing.T) {
	for _, s := range all() {
		at, right := lastCall(s)
		l := &liar{Sim: kernel.NewSim(), at: at, errno: other(right)}
		failure, err := s.Run(semantics.OnKernel(l, cpus))
		require.NoError(t, err, s.Name)
		require.NotNil(t, failure, s.Name)
	}
}

// The specification does not only allow what is stated, it demands it.
func TestModelDemandsWhatIsStated(t *testing.T) {
	for _, s := range all() {
		at, right := lastCall(s)
		p, err := s.Program(cpus)
		require.NoError(t, err, s.Name)
		m, err := campaign.Compare(p, &liar{Sim: kernel.NewSim(), at: at, errno: other(right)})
		require.NoError(t, err, s.Name)
		require.NotNil(t, m, s.Name)
	}
}
