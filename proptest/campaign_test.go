package proptest_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest"
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
	r, err := proptest.Campaign(t.Context(), proptest.Options{
		Seed: uint64(envInt(t, "BPFSIM_SEED", 1)), Ops: envInt(t, "BPFSIM_OPS", 100_000),
		Kernels: []proptest.Kernel{proptest.OpenLinux(t), proptest.NewSim()},
	})
	require.NoError(t, err)
	t.Log(r)
	require.Empty(t, r.Mismatches)
}
