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
	for _, other := range []int{1, 4, 128} { // what is stated does not depend on the machine
		requireAll(t, semantics.OnKernel(kernel.NewSim(), other))
	}
}

func TestOnLinux(t *testing.T) {
	k, err := kernel.NewLinux()
	kerneltest.Need(t, err)
	defer k.Close()
	want := 0
	for _, s := range all() {
		if s.OnLinux() {
			want++
		}
	}
	require.Equal(t, want, requireAll(t, semantics.OnKernel(k, kernel.PossibleCPUs())), "statements that were asked, as the document says")
}

func TestNamesAreUnique(t *testing.T) {
	names := map[string]bool{}
	for _, s := range append(semantics.Statements(), semantics.Pairs()...) {
		require.False(t, names[s.Name], s.Name)
		names[s.Name] = true
	}
}
