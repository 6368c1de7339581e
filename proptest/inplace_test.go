package proptest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest"
)

// smudge writes a byte too much once in a while.
type smudge struct {
	*proptest.Sim
	calls int
}

func (k *smudge) Bpf(cpu int, c proptest.Call, during func(call int)) proptest.Outcome {
	out := k.Sim.Bpf(cpu, c, during)
	if k.calls++; k.calls%500 == 0 {
		k.Arena().Poke(proptest.Base+4000, []byte{1})
	}
	return out
}

// Calls in place leave what calls on copies leave, and a byte more does not go unnoticed though nobody notes its write.
func TestInPlace(t *testing.T) {
	options := proptest.Options{Seed: 5, Ops: 20_000, Kernels: []proptest.Kernel{proptest.NewSim(), proptest.NewSimInPlace()}}
	report, err := proptest.Campaign(t.Context(), options)
	require.NoError(t, err)
	require.Empty(t, report.Mismatches)

	options.Kernels[1] = &smudge{Sim: proptest.NewSimInPlace()}
	report, err = proptest.Campaign(t.Context(), options)
	require.NoError(t, err)
	require.NotEmpty(t, report.Mismatches)
}
