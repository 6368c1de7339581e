package campaign_test

import (
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// envInt is the number in an environment variable.
func envInt(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return n
}

// The short run. BPFSIM_OPS and BPFSIM_SEED make it a long one.
func TestCampaignAgainstLinux(t *testing.T) {
	r, err := campaign.Run(t.Context(), campaign.Options{
		Seed: uint64(envInt(t, "BPFSIM_SEED", 1)), Ops: envInt(t, "BPFSIM_OPS", 100_000),
		Kernels: []kernel.Kernel{campaign.OpenLinux(t), kernel.NewSim()},
	})
	require.NoError(t, err)
	t.Log(r)
	require.Empty(t, r.Mismatches)
}

func TestCampaignIsDeterministic(t *testing.T) {
	run := func() *campaign.Report {
		r, err := campaign.Run(t.Context(), campaign.Options{
			Seed: 3, Ops: 5000, CPUs: 4, Kernels: []kernel.Kernel{kernel.NewSim()},
		})
		require.NoError(t, err)
		return r
	}
	want := run()
	require.Equal(t, want, run())
}

func TestCampaignEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, err := campaign.Run(ctx, campaign.Options{
		Seed: 3, Ops: 1 << 40, CPUs: 1, Kernels: []kernel.Kernel{kernel.NewSim()},
		Progress: func(r *campaign.Report) {
			if r.Programs == 3 {
				cancel()
			}
		},
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, r.Programs)
}

func TestCompareRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"CPU beyond the machine": "machine cpus=1 bpf=true sysadmin=true\ncpu1 close fd=500",
		"CPU inside a dump": "machine cpus=1 bpf=true sysadmin=true\ncpu0 BPF_MAP_DUMP @0 size=32\n" +
			"  before=0 cpu9 close fd=500",
	} {
		t.Run(name, func(t *testing.T) {
			p, err := program.Parse(text)
			require.NoError(t, err)
			_, err = campaign.Compare(p, kernel.NewSim())
			require.Error(t, err)
		})
	}
	_, err := campaign.Compare(program.Program{Machine: program.Machine{CPUs: 1}})
	require.Error(t, err)
}
