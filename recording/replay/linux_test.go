package replay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/bpfsim/bpfsim/recording/replay"
)

// What bpfsim answered, Linux answers: results, bytes, ids, and the order of a walk.
func TestReplayOnLinux(t *testing.T) {
	k, err := kernel.NewLinux()
	if err != nil {
		kerneltest.Need(t, err)
	}
	defer k.Close()
	text := recordedFor(t, kernel.PossibleCPUs())
	report := run(t, text, replay.NewKernel(k))
	require.Nil(t, report.Difference, "%v", report.Difference)
	require.Empty(t, report.NotMade)
	require.Positive(t, report.Calls)
}
