package campaign_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// smudge writes a byte too much once in a while.
type smudge struct {
	*kernel.Sim
	calls int
}

func (k *smudge) Bpf(cpu int, c program.Call, during func(call int)) kernel.Outcome {
	out := k.Sim.Bpf(cpu, c, during)
	if k.calls++; k.calls%500 == 0 {
		k.Arena().Poke(program.Base+4000, []byte{1})
	}
	return out
}

// Calls in place leave what calls on copies leave, and a byte more does not go unnoticed though nobody notes its write.
func TestInPlace(t *testing.T) {
	options := campaign.Options{Seed: 5, Ops: 20_000, Kernels: []kernel.Kernel{kernel.NewSim(), kernel.NewSimInPlace()}}
	report, err := campaign.Run(t.Context(), options)
	require.NoError(t, err)
	require.Empty(t, report.Mismatches)

	options.Kernels[1] = &smudge{Sim: kernel.NewSimInPlace()}
	report, err = campaign.Run(t.Context(), options)
	require.NoError(t, err)
	require.NotEmpty(t, report.Mismatches)
}
