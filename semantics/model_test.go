package semantics_test

import (
	"strings"
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
func lastCall(t *testing.T, s semantics.Statement) (before int, errno abi.Errno) {
	p, err := s.Program(cpus)
	require.NoError(t, err, s.Name)
	for _, step := range p.Steps {
		if _, isCall := step.Action.(*program.Call); isCall {
			before++
		}
	}
	for _, step := range s.Steps {
		if _, isCall := step.Cmd(); isCall {
			errno = step.Want.Errno
		}
		if strings.HasPrefix(step.Verb, "walk") && errno == abi.OK {
			errno = abi.ENOENT // its last call finds the end
		}
	}
	return before - 1, errno
}

// A statement that no answer could break would say nothing.
func TestEveryStatementCanFail(t *testing.T) {
	for _, s := range all() {
		at, right := lastCall(t, s)
		l := &liar{Sim: kernel.NewSim(), at: at, errno: other(right)}
		failure, err := s.Run(semantics.OnKernel(l, cpus))
		if err != nil || failure == nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

// The specification does not only allow what is stated, it demands it. It leaves open whether there is a map with an id that was never
// seen, or not lately: on a machine there are other processes.
func TestModelDemandsWhatIsStated(t *testing.T) {
	for _, s := range all() {
		if last := s.Steps[len(s.Steps)-1]; last.Verb == "open_id" && last.Want.Errno == abi.ENOENT {
			continue
		}
		at, right := lastCall(t, s)
		p, err := s.Program(cpus)
		require.NoError(t, err, s.Name)
		m, err := campaign.Compare(p, &liar{Sim: kernel.NewSim(), at: at, errno: other(right)})
		if err != nil || m == nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}
