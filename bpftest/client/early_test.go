package client

import (
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf/rlimit"
	"github.com/stretchr/testify/require"
)

// Package rlimit probes the kernel as it is initialised, which is before Main.
func TestRemoveMemlock(t *testing.T) {
	bpftest.Kernel(t)
	require.NoError(t, rlimit.RemoveMemlock())
}
