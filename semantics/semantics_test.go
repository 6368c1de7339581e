package semantics_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/bpfsim/bpfsim/semantics"
)

// all are the statements of the document and those about the order of checks; of these a part is enough to be quick.
func all() []semantics.Statement {
	statements := semantics.Statements()
	for i, pair := range semantics.Pairs() {
		if !testing.Short() || i%16 == 0 {
			statements = append(statements, pair)
		}
	}
	return statements
}

// requireAll runs every statement on an implementation, and returns how many were asked.
func requireAll(t *testing.T, on semantics.Implementation) (asked int) {
	t.Helper()
	for _, s := range all() {
		failure, err := s.Run(on)
		if errors.Is(err, semantics.ErrUnsupported) {
			continue
		}
		asked++
		switch {
		case err != nil:
			t.Errorf("%s: %v", s.Name, err)
		case failure != nil:
			t.Error(failure)
		}
	}
	return asked
}

const cpus = 2

func TestOnBpfsim(t *testing.T) {
	requireAll(t, semantics.OnKernel(kernel.NewSim(), cpus))
	requireAll(t, semantics.OnKernel(kernel.NewSimInPlace(), cpus))
}

func TestOnLinux(t *testing.T) {
	k, err := kernel.NewLinux()
	kerneltest.Need(t, err)
	defer k.Close()
	asked := requireAll(t, semantics.OnKernel(k, kernel.PossibleCPUs()))
	t.Logf("%d of %d statements and pairs of checks were asked", asked, len(all()))
	require.Greater(t, asked, len(all())*9/10)
}

func TestNamesAreUnique(t *testing.T) {
	names := map[string]bool{}
	for _, s := range append(semantics.Statements(), semantics.Pairs()...) {
		require.False(t, names[s.Name], s.Name)
		names[s.Name] = true
	}
}
