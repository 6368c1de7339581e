package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/kernel"
)

// Programs that run at once give what they give one after the other.
func TestCampaignAtOnce(t *testing.T) {
	run := func(jobs int) (*Report, []int) {
		var ops []int
		o := Options{Seed: 3, Ops: 12_000, CPUs: 2, Kernels: []kernel.Kernel{kernel.NewSim()}}
		o.Progress = func(r *Report) { ops = append(ops, r.Ops) }
		r, err := newCampaign(t.Context(), o).run(jobs)
		require.NoError(t, err)
		return r, ops
	}
	want, each := run(1)
	for _, jobs := range []int{2, 3} {
		r, ops := run(jobs)
		require.Equal(t, want, r)
		require.Equal(t, each, ops)
	}
}
